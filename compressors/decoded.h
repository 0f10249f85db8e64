// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <span>

#include <pith/core/element.h>
#include <pith/core/vector.h>

namespace pith {

/// What a message, or a part of one, decodes to. It has been found valid and is not changed, so any
/// part of it can be added at any time, by any thread.
template <Element T>
class Decoded {
 public:
  /// y += a * the elements from `first` on, counted from the tensor's start; as many as y has. O(k)
  /// where only k of them were sent.
  virtual void axpy(T a, std::size_t first, std::span<T> y) const = 0;

  /// y = 0 where an element was chosen to be sent, for the elements from `first` on; a message that
  /// codes every element has chosen none.
  virtual void clear(std::size_t /*first*/, std::span<T> /*y*/) const {}

  /// No element is larger in magnitude; infinity where that is not known without decoding.
  virtual T largest() const { return std::numeric_limits<T>::infinity(); }

  /// out = (the sum of what all of them decode to, in their order) / divisor, for the elements from
  /// `first` on. They were opened by compressors of one spec for the same elements, this one is the
  /// first of them. `out` is written once, past the caches if it is large.
  virtual void mean(std::span<const Decoded* const> all, T divisor, std::size_t first,
                    std::span<T> out) const;

 protected:
  ~Decoded() = default;  // it lies on the stack or in Scratch
};

/// As many messages as are summed in registers; a mean of more goes block by block.
inline constexpr std::size_t kMeanTogether = 8;

/// What is larger does not stay in a cache until it is read again, so it is written past them.
inline constexpr std::size_t kStreamedBytes = std::size_t{1} << 20;

/// Numbers that arrive as they are.
template <Element T>
class ExactlySent final : public Decoded<T> {
 public:
  explicit ExactlySent(std::span<const T> x = {}) : x_(x) {}

  void axpy(T a, std::size_t first, std::span<T> y) const override {
    pith::axpy(a, x_.subspan(first, y.size()), y);
  }

 private:
  std::span<const T> x_;
};

}  // namespace pith
