// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/compressors/lowrank_shape.h>
#include <pith/core/error.h>

namespace pith {

LowRankShape::LowRankShape(const std::string& compressor, const Shape& shape, std::size_t most)
    : rows(shape.rows()), columns(shape.columns()), rank(std::min({rows, columns, most})) {
  if (!shape.is_matrix()) {
    throw UsageError(compressor + ": the shape " + shape.text() + " is not a matrix");
  }
  if (most == 0) throw UsageError(compressor + ": rank is 0, it must be at least 1");
}

}  // namespace pith
