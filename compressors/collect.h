// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <span>

#include <pith/compressors/bits.h>
#include <pith/core/element.h>

namespace pith {

/// Without their sign bit, floats order like their bit patterns; and unlike floats these are
/// ordered even where a NaN is among them: above every number.
template <Element T>
constexpr BitsOf<T> kMagnitudeBits = ~BitsOf<T>{0} >> 1;

template <Element T>
BitsOf<T> magnitude(T x) {
  return std::bit_cast<BitsOf<T>>(x) & kMagnitudeBits<T>;
}

/// Elements that may be among the largest, in ascending order of their indices.
template <Element T>
struct Candidates {
  std::span<BitsOf<T>> indices;
  std::span<T> values;
  std::size_t count = 0;

  std::size_t room() const { return indices.size() - count; }
};

/// collect() writes so far beyond what it appends.
inline constexpr std::size_t kCollectRoom = 64;

/// Appends every element of x whose magnitude's bits are at least `least`; x[0] has the index
/// `first`. There must be room for x.size() + kCollectRoom.
///
/// Cost   one read of x. Every instruction set gives the same.
template <Element T>
void collect(std::span<const T> x, std::size_t first, BitsOf<T> least, Candidates<T>& candidates);

/// Groups of a block, which have elements as far apart as can be.
inline constexpr std::size_t kGroups = 256;

/// maxima[g] = the largest magnitude's bits among the elements i with i % kGroups == g; 0 if there
/// are none. maxima.size() == kGroups.
template <Element T>
void group_maxima(std::span<const T> x, std::span<BitsOf<T>> maxima);

/// The k-th largest of at most kGroups numbers; 0 < k <= numbers.size().
std::uint32_t kth_of_groups(std::span<const std::uint32_t> numbers, std::size_t k);
std::uint64_t kth_of_groups(std::span<const std::uint64_t> numbers, std::size_t k);

}  // namespace pith
