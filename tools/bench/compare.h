// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/core/element.h>

// What counts as a wrong value. Results of different sizes differ in every element of the larger.
namespace pith::bench {

/// Bytes that differ.
std::size_t count_different(std::span<const std::byte> result, std::span<const std::byte> expected);

/// Elements that are not the expected ones: to the bit if `allowed` is 0, otherwise further from
/// them than that. What is not finite is wrong.
template <Element T>
std::size_t count_wrong(std::span<const T> result, std::span<const T> expected, double allowed);

/// max |x|, 0 if there is none.
template <Element T>
double largest(std::span<const T> x);

/// ||x - y|| / ||x||; 0 if x is zero.
template <Element T>
double relative_error(std::span<const T> x, std::span<const T> y);

}  // namespace pith::bench
