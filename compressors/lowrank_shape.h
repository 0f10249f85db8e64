// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include <pith/core/shape.h>

namespace pith {

/// A tensor seen as a matrix, and the rank of its factors: at most the smaller side.
struct LowRankShape {
  /// `most`: the rank that is asked for. Throws UsageError, which begins with `compressor`, if the
  /// shape has fewer than two dimensions or `most` is 0.
  LowRankShape(const std::string& compressor, const Shape& shape, std::size_t most);

  std::size_t rows;
  std::size_t columns;
  std::size_t rank;
};

}  // namespace pith
