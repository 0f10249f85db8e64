// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/core/element.h>

// Loops over whole vectors. x and y may be the same span. Sums are taken in double; unless said
// otherwise, element i is added to partial sum i % 16, in index order, and these are added in
// halves, so that every instruction set gives the same bits.
namespace pith {

/// y = x; x and y may be the same span.
template <Element T>
void copy(std::span<const T> x, std::span<T> y);

/// y += a * x
template <Element T>
void axpy(T a, std::span<const T> x, std::span<T> y);

/// out = a * x + b * y. `out` may be x or y.
template <Element T>
void combine(T a, std::span<const T> x, T b, std::span<const T> y, std::span<T> out);

/// y = x, past the caches: for a y that is too large to be found there when it is read again. Other
/// threads see it after this thread's end_stream().
template <Element T>
void stream(std::span<const T> x, std::span<T> y);
void stream(std::span<const std::byte> x, std::span<std::byte> y);
void end_stream();

/// Loops that meet the memory first fetch so many bytes ahead while others go over what is there.
inline constexpr std::size_t kPrefetchAhead = 4096;

/// x *= a
template <Element T>
void scale(T a, std::span<T> x);

/// x /= divisor
template <Element T>
void divide(std::span<T> x, T divisor);

/// sum of |x[i]|. There are 32 partial sums, and of every 256 elements those that belong to one are
/// added in T before: that costs half the time, and 2^-21 of the sum at most (float). If a T cannot
/// hold that, all is added in double.
template <Element T>
double absolute_sum(std::span<const T> x);

/// sum of x[i]^2
template <Element T>
double squared_norm(std::span<const T> x);

/// False if an element is a NaN or an infinity.
template <Element T>
bool all_finite(std::span<const T> x);

/// y = x. Returns whether all of it is finite.
template <Element T>
bool copy_checked(std::span<const T> x, std::span<T> y);

/// out = (x + y) / divisor. `out` may be x or y. Returns whether all of it is finite.
template <Element T>
bool sum_divided(std::span<const T> x, std::span<const T> y, T divisor, std::span<T> out);

}  // namespace pith
