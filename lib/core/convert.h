// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include <pith/core/element.h>
#include <pith/core/half.h>

// Whole vectors to and from the shorter formats that travel: Number is Half, BFloat16 or float, as
// bytes of any alignment. Every instruction set gives the same.
namespace pith {

/// Each element rounded to float and then to Number, to nearest, ties to even. What is finite stays
/// so, and infinities become finite: beyond Number's largest value it becomes that. A NaN stays.
/// numbers.size() = x.size() sizeof(Number).
template <class Number, Element T>
void narrow(std::span<const T> x, std::span<std::byte> numbers);

/// y[i] += a * numbers[i]; widening is exact.
template <class Number, Element T>
void widen_axpy(T a, std::span<const std::byte> numbers, std::span<T> y);

/// y[i] = 0 + numbers[i], in one pass through the memory.
template <class Number, Element T>
void widen(std::span<const std::byte> numbers, std::span<T> y) {
  constexpr std::size_t kBlock = 4096 / sizeof(T);  // stays in the first cache
  for (std::size_t i = 0; i < y.size(); i += kBlock) {
    const auto block = y.subspan(i, std::min(kBlock, y.size() - i));
    std::ranges::fill(block, T(0));
    widen_axpy<Number>(T(1), numbers.subspan(i * sizeof(Number), block.size() * sizeof(Number)),
                       block);
  }
}

/// False if one of the numbers is a NaN or an infinity.
template <class Number>
bool all_finite_numbers(std::span<const std::byte> numbers);

}  // namespace pith
