// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace pith {

/// The extents of a tensor, slowest first. A matrix view takes the first as rows and the rest,
/// flattened, as columns (a convolution's out x in*kh*kw).
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::size_t> extents) : extents_(extents) {}
  explicit Shape(std::vector<std::size_t> extents) : extents_(std::move(extents)) {}

  /// The shape of `elements` elements without structure.
  static Shape flat(std::size_t elements) { return Shape{elements}; }

  std::size_t dimensions() const { return extents_.size(); }
  std::size_t elements() const {
    return std::accumulate(extents_.begin(), extents_.end(), std::size_t{1}, std::multiplies<>{});
  }
  std::size_t rows() const { return extents_.empty() ? 1 : extents_.front(); }
  std::size_t columns() const { return rows() == 0 ? 0 : elements() / rows(); }
  bool is_matrix() const { return dimensions() >= 2; }

  /// "784x512"
  std::string text() const {
    std::string out;
    for (const std::size_t extent : extents_) {
      out.append(out.empty() ? "" : "x").append(std::to_string(extent));
    }
    return out.empty() ? "scalar" : out;
  }

  bool operator==(const Shape&) const = default;

 private:
  std::vector<std::size_t> extents_;
};

}  // namespace pith
