// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <pith/core/element.h>
#include <pith/core/half.h>
#include <pith/core/range.h>
#include <pith/core/state.h>
#include <pith/feedback/feedback.h>

namespace pith {

/// What the elements of a narrow state are kept as.
enum class Narrow {
  bf16,       ///< rounded to the nearest: |error| <= 2^-8 |x|
  eight_bits  ///< multiples of a power of two of each 128 elements: |error| <= max |x| / 127
};

/// A rank's own state, as PrivateState, in 2 bytes per element, or in 1 and 2 bytes per 128. What
/// is kept is rounded: what was written is not quite what is read. Elements below 2^-120 may become
/// zero; those beyond bf16's largest become that. A NaN is kept as a zero, and with eight bits so
/// is everything in its block or in that of an infinity.
///
/// The next state is written as a whole. A view is a copy; what is written to it holds from the
/// next step on.
template <Element T>
class NarrowState {
 public:
  NarrowState(std::size_t n, Commit commit, Narrow kind);

  /// A step begins: the last view ends.
  void begin();

  /// The committed state of the range. `out` has its size.
  void read(Range range, std::span<T> out) const;

  void write(std::span<const T> x) { encode(x, next()); }
  void write_zeros();
  void accept();

  /// Takes n elements of memory until the next step.
  StateView<T> view(std::string name);

 private:
  struct Copy {
    bool empty() const { return numbers.empty() && codes.empty(); }

    std::vector<BFloat16> numbers;  // or
    std::vector<std::int8_t> codes;
    std::vector<std::int16_t> exponents;  // block by block
  };

  Copy& next() { return next_.empty() ? current_ : next_; }
  Copy make_copy() const;
  void encode(std::span<const T> x, Copy& copy) const;
  void take_view();

  std::size_t n_;
  Narrow kind_;
  Copy current_;
  Copy next_;
  std::vector<T> shown_;
};

}  // namespace pith
