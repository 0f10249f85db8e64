// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>

#include <pith/core/element.h>

namespace pith {

/// Rounds every x[i], in place, to the nearest value that `type` holds, ties to even; T itself
/// leaves x as it is.
///
/// Error   float16: 2^-11 of |x[i]| from 2^-14 to 65,504 and 2^-25 below; bfloat16: 2^-8 of
///         |x[i]| from 2^-126 on. What is finite stays so: beyond the largest value it becomes that
///         (65,504 in float16). Infinities and NaNs stay what they are.
template <Element T>
void round_to(ElementType type, std::span<T> x);

/// alpha with ||round(x) - x||^2 <= (1 - alpha) ||x||^2: 1 for float32 and float64, 1 - 2^-16 for
/// bfloat16 if every |x[i]| is 0 or at least 2^-126; none for float16, which loses all that is
/// below 2^-25 or far above 65,504.
std::optional<double> rounding_contraction(ElementType type);

}  // namespace pith
