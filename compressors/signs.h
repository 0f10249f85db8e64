// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/core/element.h>

// One bit per element: !(x < 0), so both zeros are positive. Bit i is bit i % 8 of byte i / 8.
namespace pith {

/// The bits of x.size() elements, a multiple of 8.
/// Cost   one read of x. Every instruction set gives the same.
template <Element T>
void pack_signs(std::span<const T> x, std::span<std::byte> bits);

/// Bits, and what they stand for: value if one is set, else -value.
template <Element T>
struct SignedBits {
  const std::byte* bits;
  T value;
};

/// y[i] += what bit i of each of `all` stands for, in their order.
/// Cost   one pass over y for every four of them. Every instruction set gives the same.
template <Element T>
void add_signed(std::span<const SignedBits<T>> all, std::span<T> y);

}  // namespace pith
