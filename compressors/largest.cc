// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>

#include <pith/compressors/collect.h>
#include <pith/compressors/largest.h>
#include <pith/core/random.h>

namespace pith {
namespace {

constexpr std::size_t kLine = 16;  // elements that are sampled together
constexpr std::size_t kBuckets = 2048;
constexpr std::uint64_t kSampleSeed =
    0x73616d706c65;  // "sample"; nothing that is sent depends on it

template <Element T>
BitsOf<T> magnitude(T x) {
  return std::bit_cast<BitsOf<T>>(x) & kMagnitudeBits<T>;
}

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

// The k-th largest of the numbers, which is that of a few in one bucket.
template <class Bits>
Bits kth_largest(std::span<const Bits> numbers, std::size_t k, Scratch& scratch) {
  const auto range = std::ranges::minmax(numbers);
  const Bits least = range.min;
  const int shift =
      std::max(0, static_cast<int>(std::bit_width(static_cast<Bits>(range.max - least))) - 11);
  const Bucket bucket = find_bucket(numbers, least, shift, k);
  const Scratch::Frame frame(scratch);
  const auto inside = scratch.take<Bits>(numbers.size());
  const auto end = std::ranges::copy_if(numbers, inside.begin(), [&](Bits number) {
                     return static_cast<std::size_t>((number - least) >> shift) == bucket.index;
                   }).out;
  const auto kth = inside.begin() + static_cast<std::ptrdiff_t>(bucket.needed) - 1;
  std::nth_element(inside.begin(), kth, end, std::greater<>());
  return *kth;
}

// Leaves the k largest, in their order, and returns the least of them.
template <Element T>
BitsOf<T> prune(Candidates<T>& all, std::size_t k, Scratch& scratch) {
  using Bits = BitsOf<T>;
  const std::span<const Bits> magnitudes = all.magnitudes.first(all.count);
  const Bits least = kth_largest(magnitudes, k, scratch);
  const auto above = std::ranges::count_if(magnitudes, [&](Bits m) { return m > least; });
  std::size_t ties = k - static_cast<std::size_t>(above);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < all.count; ++i) {
    const Bits m = all.magnitudes[i];
    if (m < least || (m == least && ties == 0)) continue;
    if (m == least) --ties;
    all.indices[kept] = all.indices[i];
    all.magnitudes[kept++] = m;
  }
  all.count = k;
  return least;
}

// A threshold above which, by a sample of lines, lie somewhat more than k elements. Each line is
// drawn from a stretch of its own, so that no period of x can hide from it.
template <Element T>
BitsOf<T> guess(const Source<T>& x, std::size_t k, Scratch& scratch) {
  const std::size_t lines = x.size() / kLine;
  const std::size_t wanted = std::max(x.size() / 1024, 64 * (x.size() / k)) / kLine + 1;
  const std::size_t stretch = std::max<std::size_t>(1, lines / wanted);
  if (stretch < 8) return 0;
  const Scratch::Frame frame(scratch);
  const Random random({.seed = kSampleSeed});
  const auto sample = scratch.take<BitsOf<T>>(lines / stretch * kLine);
  T line[kLine];
  for (std::size_t s = 0; s < lines / stretch; ++s) {
    const std::size_t start = (s * stretch + random.at(s) % stretch) * kLine;
    x.peek({start, start + kLine}, line);
    std::ranges::transform(line, sample.subspan(s * kLine).begin(), magnitude<T>);
  }
  const double expected =
      static_cast<double>(k) * static_cast<double>(sample.size()) / static_cast<double>(x.size());
  const auto rank = static_cast<std::size_t>(expected + 4 * std::sqrt(expected)) + 4;
  if (rank >= sample.size()) return 0;
  return kth_largest(std::span<const BitsOf<T>>(sample), rank, scratch);
}

// Whether k or more lie at or above `least`; then the k largest of x are left.
template <Element T>
bool collect_largest(Source<T>& x, std::size_t k, BitsOf<T> least, Candidates<T>& out,
                     Scratch& scratch) {
  out.count = 0;
  sweep(x, {0, x.size()}, [&](std::span<const T> block, Range range) {
    if (out.room() < block.size() + kCollectRoom) {
      // Of equal ones the first stay; and above the largest there is nothing.
      least = std::min<BitsOf<T>>(prune(out, k, scratch), kMagnitudeBits<T> - 1) + 1;
    }
    collect(block, range.begin, least, out);
  });
  if (out.count < k) return false;
  prune(out, k, scratch);
  return true;
}

}  // namespace

template <Element T>
std::span<const std::uint32_t> largest(Source<T>& x, std::size_t k, Scratch& scratch) {
  const auto indices = scratch.take<std::uint32_t>(k);
  const Scratch::Frame frame(scratch);
  const std::size_t room = std::min(2 * k, x.size()) + 8192;
  Candidates<T> candidates{scratch.take<BitsOf<T>>(room), scratch.take<BitsOf<T>>(room)};
  if (!collect_largest(x, k, guess(x, k, scratch), candidates, scratch)) {
    WholeSource<T> again(x.taken());
    collect_largest<T>(again, k, 0, candidates, scratch);
  }
  std::ranges::transform(candidates.indices.first(k), indices.begin(),
                         [](BitsOf<T> index) { return static_cast<std::uint32_t>(index); });
  return indices;
}

template <Element T>
std::span<const std::uint32_t> largest_plain(std::span<const T> x, std::size_t k,
                                             Scratch& scratch) {
  const auto indices = scratch.take<std::uint32_t>(k);
  const Scratch::Frame frame(scratch);
  const auto order = scratch.take<std::uint32_t>(x.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::uint32_t>(i);
  std::ranges::stable_sort(order, std::greater<>(),
                           [&](std::uint32_t i) { return magnitude(x[i]); });
  std::ranges::copy(order.first(k), indices.begin());
  std::ranges::sort(indices);
  return indices;
}

#define PITH_INSTANTIATE(T)                                                           \
  template std::span<const std::uint32_t> largest(Source<T>&, std::size_t, Scratch&); \
  template std::span<const std::uint32_t> largest_plain(std::span<const T>, std::size_t, Scratch&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
