// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/collectives/legal.h>
#include <pith/core/spec.h>
#include <pith/reducer/settings.h>

namespace pith {

/// How a unit travels in a step.
struct Choice {
  Pipeline pipeline;
  CompressorKind kind = CompressorKind::none;
  Exchange exchange = Exchange::raw;

  bool operator==(const Choice&) const = default;
};

/// Kind and exchange for a pipeline: the exchange that the treatment names, or the natural one: raw
/// for none and cast, gather for sparse messages, sharded for dense ones, linear for linear ones.
/// Throws UsageError if the combination is not in the table of legal ones.
Choice choose(const Pipeline& pipeline, const Treatment& treatment);

}  // namespace pith
