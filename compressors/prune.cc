// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <functional>

#include <pith/compressors/prune.h>

namespace pith {
namespace {

constexpr std::size_t kBuckets = 2048;

// The bucket that holds the k-th largest number, and how many of it are needed. Bucket b holds the
// numbers with (number - least) >> shift = b.
struct Bucket {
  std::size_t index = 0;
  std::size_t needed = 0;
};

template <class Bits>
Bucket find_bucket(std::span<const Bits> numbers, Bits least, int shift, std::size_t k) {
  std::array<std::uint32_t, kBuckets> counts{};
  for (const Bits number : numbers) ++counts[static_cast<std::size_t>((number - least) >> shift)];
  std::size_t b = kBuckets - 1;
  for (; counts[b] < k; --b) k -= counts[b];
  return {b, k};
}

// The k-th largest of a few numbers, which it reorders.
template <class Bits>
Bits kth_of_few(std::span<Bits> numbers, std::size_t k) {
  const auto kth = numbers.begin() + static_cast<std::ptrdiff_t>(k) - 1;
  std::nth_element(numbers.begin(), kth, numbers.end(), std::greater<>());
  return *kth;
}

}  // namespace

// Of many, it is the k-th largest of the few in one bucket.
template <class Bits>
Bits kth_largest(std::span<const Bits> numbers, std::size_t k, Scratch& scratch) {
  if (numbers.size() <= kGroups) return kth_of_groups(numbers, k);
  const Scratch::Frame frame(scratch);
  const auto inside = scratch.take<Bits>(numbers.size());
  if (numbers.size() <= kBuckets) {
    std::ranges::copy(numbers, inside.begin());
    return kth_of_few(inside, k);
  }
  const auto range = std::ranges::minmax(numbers);
  const Bits least = range.min;
  const int shift =
      std::max(0, static_cast<int>(std::bit_width(static_cast<Bits>(range.max - least))) - 11);
  const Bucket bucket = find_bucket(numbers, least, shift, k);
  const auto end = std::ranges::copy_if(numbers, inside.begin(), [&](Bits number) {
                     return static_cast<std::size_t>((number - least) >> shift) == bucket.index;
                   }).out;
  return kth_of_few(inside.first(static_cast<std::size_t>(end - inside.begin())), bucket.needed);
}

template <Element T>
BitsOf<T> prune(Candidates<T>& all, std::size_t k, Scratch& scratch) {
  using Bits = BitsOf<T>;
  const Scratch::Frame frame(scratch);
  const auto magnitudes = scratch.take<Bits>(all.count);
  std::ranges::transform(all.values.first(all.count), magnitudes.begin(), magnitude<T>);
  const Bits least = kth_largest(std::span<const Bits>(magnitudes), k, scratch);
  const auto above = std::ranges::count_if(magnitudes, [&](Bits m) { return m > least; });
  std::size_t ties = k - static_cast<std::size_t>(above);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < all.count; ++i) {
    const Bits m = magnitudes[i];
    if (m < least || (m == least && ties == 0)) continue;
    if (m == least) --ties;
    all.indices[kept] = all.indices[i];
    all.values[kept++] = all.values[i];
  }
  all.count = k;
  return least;
}

#define PITH_INSTANTIATE(T)                                                          \
  template BitsOf<T> kth_largest(std::span<const BitsOf<T>>, std::size_t, Scratch&); \
  template BitsOf<T> prune(Candidates<T>&, std::size_t, Scratch&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
