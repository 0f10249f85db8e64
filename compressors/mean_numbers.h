// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/core/half.h>

namespace pith {

/// y[i] = (0 + number i of the first message + that of the next ...) / divisor, for up to eight of
/// them; Number is Half, BFloat16 or float, as y.size() numbers of any alignment, all finite;
/// `streamed`: past the caches (stream() of vector.h). Every instruction set gives the same.
/// Cost   one read of the numbers, one write of y.
template <class Number>
void mean_numbers(std::span<const std::byte* const> all, float divisor, std::span<float> y,
                  bool streamed);

}  // namespace pith
