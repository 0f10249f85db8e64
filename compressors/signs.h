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

/// y[i] += bit i ? value : -value, for y.size() elements, a multiple of 8.
template <Element T>
void add_signed(std::span<const std::byte> bits, T value, std::span<T> y);

}  // namespace pith
