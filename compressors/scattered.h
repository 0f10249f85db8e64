// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/compressors/decoded.h>
#include <pith/core/range.h>

namespace pith {

/// Of a tensor's elements those in a mask; the others are zero.
template <Element T>
class Scattered final : public Decoded<T> {
 public:
  /// mask: ascending indices, one for each value.
  Scattered(std::span<const std::size_t> mask = {}, std::span<const T> values = {})
      : mask_(mask), values_(values) {}

  void axpy(T a, std::size_t first, std::span<T> y) const override;
  void clear(std::size_t first, std::span<T> y) const override;

 private:
  std::span<const std::size_t> mask_;
  std::span<const T> values_;
};

/// Which entries of an ascending mask are elements of `range`.
Range masked(std::span<const std::size_t> mask, Range range);

}  // namespace pith
