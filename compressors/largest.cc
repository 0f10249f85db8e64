// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <functional>

#include <pith/compressors/largest.h>
#include <pith/compressors/prune.h>
#include <pith/core/random.h>

namespace pith {
namespace {

constexpr std::size_t kLine = 16;  // elements that are sampled together
constexpr std::uint64_t kSampleSeed =
    0x73616d706c65;  // "sample"; nothing that is sent depends on it

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
  x.settle();
  if (out.count < k) return false;
  prune(out, k, scratch);
  return true;
}

template <Element T>
Candidates<T> room_for(std::size_t k, std::size_t n, Scratch& scratch) {
  const std::size_t room = std::min(2 * k, n) + 8192;
  return {scratch.take<BitsOf<T>>(room), scratch.take<T>(room)};
}

// The same on several threads, each of which collects its part of x without ever raising the
// threshold; if one has not room enough, that is no success either.
template <Element T>
bool collect_in_parts(Source<T>& x, std::size_t k, BitsOf<T> least, std::size_t parts,
                      Candidates<T>& out, Scratch& scratch) {
  const auto found = scratch.take<Candidates<T>>(parts);
  const std::size_t most = x.size() / parts + parts * kSweepBlock<T>;  // that a part can be
  for (auto& part : found) part = room_for<T>(k, most, scratch);
  std::atomic<bool> full = false;
  in_parts(x, {0, x.size()}, parts, kSweepBlock<T>, [&](std::size_t part, Range range) {
    sweep(x, range, [&](std::span<const T> block, Range where) {
      if (found[part].room() < block.size() + kCollectRoom) {
        full = true;
      } else {
        collect(block, where.begin, least, found[part]);
      }
    });
  });
  std::size_t total = 0;
  for (const auto& part : found) total += part.count;
  if (full || total < k) return false;
  out = {scratch.take<BitsOf<T>>(total), scratch.take<T>(total)};
  for (const auto& part : found) {
    std::ranges::copy(part.indices.first(part.count), out.indices.subspan(out.count).begin());
    std::ranges::copy(part.values.first(part.count), out.values.subspan(out.count).begin());
    out.count += part.count;
  }
  prune(out, k, scratch);
  return true;
}

template <Element T>
BitsOf<T> sampled_threshold(const Source<T>& x, const SamplePlan& plan, std::size_t start,
                            Scratch& scratch) {
  const Scratch::Frame frame(scratch);
  const auto sample = scratch.take<BitsOf<T>>(plan.samples);
  for (std::size_t s = 0; s < plan.samples; ++s) {
    const std::size_t i = start + s * plan.stride;
    T element;
    x.peek({i, i + 1}, std::span(&element, 1));
    sample[s] = magnitude(element);
  }
  return kth_largest(std::span<const BitsOf<T>>(sample), plan.largest, scratch);
}

template <Element T>
Entries<T> first_of(const Candidates<T>& candidates, std::span<std::uint32_t> indices,
                    std::span<T> values) {
  const std::size_t count = std::min(candidates.count, indices.size());
  std::ranges::transform(candidates.indices.first(count), indices.begin(),
                         [](BitsOf<T> index) { return static_cast<std::uint32_t>(index); });
  std::ranges::copy(candidates.values.first(count), values.begin());
  return {indices.first(count), values.first(count)};
}

std::size_t divide_up(std::size_t x, std::size_t y) { return (x + y - 1) / y; }

}  // namespace

SamplePlan sample_plan(std::size_t n, std::size_t k, double share) {
  const std::size_t least = divide_up(2 * n, k);
  if (n <= least) return {1, n, k};
  const auto part = static_cast<std::size_t>(std::ceil(share * static_cast<double>(n)));
  const std::size_t wanted = std::min(n, std::max(least, part));
  std::size_t stride = 32 * divide_up(n, 32 * wanted) + 1;
  while (n / stride < wanted) stride -= 8;
  return {stride, n / stride, divide_up(n / stride * k, n)};
}

template <Element T>
Entries<T> sampled_largest(Source<T>& x, std::size_t k, const SamplePlan& plan, std::size_t start,
                           Scratch& scratch) {
  constexpr int kFalls = 10;
  constexpr double kFall = 0.8;
  const auto indices = scratch.take<std::uint32_t>(k);
  const auto values = scratch.take<T>(k);
  const Scratch::Frame frame(scratch);
  auto candidates = room_for<T>(k, x.size(), scratch);
  T threshold = std::bit_cast<T>(sampled_threshold(x, plan, start, scratch));
  collect_largest(x, k, magnitude(threshold), candidates, scratch);
  const auto few = [&] {
    return static_cast<double>(candidates.count) < kFall * static_cast<double>(k);
  };
  for (int fall = 0; fall < kFalls && few(); ++fall) {
    threshold *= static_cast<T>(kFall);
    WholeSource<T> again(x.taken());
    collect_largest<T>(again, k, magnitude(threshold), candidates, scratch);
  }
  return first_of(candidates, indices, values);
}

template <Element T>
Entries<T> largest(Source<T>& x, std::size_t k, Scratch& scratch) {
  const auto indices = scratch.take<std::uint32_t>(k);
  const auto values = scratch.take<T>(k);
  const Scratch::Frame frame(scratch);
  auto candidates = room_for<T>(k, x.size(), scratch);
  const BitsOf<T> least = guess(x, k, scratch);
  // Without a guess every part would fill up; one thread's rising threshold is better then.
  const std::size_t parts = least > 0 ? parts_of(x.size()) : 1;
  const bool found = parts > 1 ? collect_in_parts(x, k, least, parts, candidates, scratch)
                               : collect_largest(x, k, least, candidates, scratch);
  if (!found) {
    WholeSource<T> again(x.taken());
    collect_largest<T>(again, k, 0, candidates, scratch);
  }
  return first_of(candidates, indices, values);
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

#define PITH_INSTANTIATE(T)                                                                    \
  template Entries<T> sampled_largest(Source<T>&, std::size_t, const SamplePlan&, std::size_t, \
                                      Scratch&);                                               \
  template Entries<T> largest(Source<T>&, std::size_t, Scratch&);                              \
  template std::span<const std::uint32_t> largest_plain(std::span<const T>, std::size_t, Scratch&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
