// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <pith/collectives/legal.h>
#include <pith/core/spec.h>
#include <pith/reducer/settings.h>

namespace pith {

/// How a unit travels in a step.
struct Choice {
  Pipeline pipeline = {Spec{"none", {}}};
  CompressorKind kind = CompressorKind::none;
  Exchange exchange = Exchange::raw;

  bool operator==(const Choice&) const = default;

  /// "topk(density=0.01) over gather".
  std::string text() const;
};

/// The way through the exchange that the treatment names, or the natural one. Throws UsageError if
/// the pipeline is none of one compressor each, or is no legal combination.
Choice choose(const Pipeline& pipeline, const Treatment& treatment);

/// Every way that the treatment allows for a pipeline. One, where nothing is left to be decided:
/// through the exchange that the treatment names or the natural one (raw for none and cast, gather
/// for sparse messages, sharded for dense ones, linear for linear ones). Else raw in fp32, and then
/// what the treatment lists: each of auto(a,b,...) through that exchange or, with exchange=auto,
/// through every legal one. Of adaptive(a,b,...) each of these, through that exchange.
/// Throws UsageError if something listed is no legal combination, or if there are more than 255.
std::vector<Choice> choices(const Pipeline& pipeline, const Treatment& treatment);

/// The pipelines that `pipeline` lists if it is auto(a,b,...) or adaptive(a,b,...), else itself.
/// What it lists are specs of one stage.
std::vector<Pipeline> listed(const Pipeline& pipeline);

}  // namespace pith
