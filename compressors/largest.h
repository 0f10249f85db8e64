// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include <pith/compressors/sparse_message.h>
#include <pith/core/scratch.h>

namespace pith {

/// The k elements of largest magnitude, their indices ascending, ties to the lowest index; in
/// `scratch`. A NaN counts as larger than every number. 0 < k <= x.size() < 2^32.
///
/// A threshold is guessed from a sample, and one pass over x collects what lies above it. Whenever
/// more is collected than there is room for, the k largest so far stay and the threshold rises to
/// the least of them; should less than k lie above the guess, a second pass over what was taken
/// starts from nothing. So the result is exact for every input.
///
/// Cost     one read of x and about 1.2 k candidates (two passes where the guess failed); scratch
///          min(2 k, n) + 8192 candidates of 2 sizeof(T), and as many again for every thread, at
///          most its part of x; k indices and values.
template <Element T>
Entries<T> largest(Source<T>& x, std::size_t k, Scratch& scratch);

/// A sample of every stride-th of n elements, and how many of its largest stand for the k largest.
struct SamplePlan {
  std::size_t stride;  ///< odd, so that it does not keep step with rows of an even length
  std::size_t samples;
  std::size_t largest;
};

/// A sample of `share` of the elements, and so many that it holds 2 of the k largest.
SamplePlan sample_plan(std::size_t n, std::size_t k, double share);

/// At most k elements of largest magnitude, by a threshold from a sample that begins at `start`,
/// below its stride: exactly the k largest where k or more lie at or above it. Where less than
/// 0.8 k do, the threshold falls by a fifth, at most ten times; what lies above it in the end is
/// all.
///
/// Cost     as largest() on one thread, and one read of x for every fall.
/// Source   Lin, Han, Mao, Wang, Dally 2018, arXiv:1712.01887, as its authors' code samples; but
///          where that keeps the first k of too many, these are the largest.
template <Element T>
Entries<T> sampled_largest(Source<T>& x, std::size_t k, const SamplePlan& plan, std::size_t start,
                           Scratch& scratch);

/// Their indices, by sorting out all magnitudes: what the tests compare with.
template <Element T>
std::span<const std::uint32_t> largest_plain(std::span<const T> x, std::size_t k, Scratch& scratch);

}  // namespace pith
