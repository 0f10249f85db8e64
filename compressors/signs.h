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

/// y[i] += what bit i stands for.
template <Element T>
void add_signed(const SignedBits<T>& one, std::span<T> y);

/// y[i] = (0 + what bit i of the first stands for + that of the next ...) / divisor, for up to
/// eight of them; `streamed`: past the caches (stream() of vector.h).
/// Cost   one write of y. Every instruction set gives the same.
template <Element T>
void mean_signed(std::span<const SignedBits<T>> all, T divisor, std::span<T> y, bool streamed);

}  // namespace pith
