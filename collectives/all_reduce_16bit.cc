// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <pith/collectives/all_reduce_16bit.h>
#include <pith/core/half.h>

namespace pith {
namespace {

constexpr float kLargestHalf = 65504.0f;

template <class H>
H narrow(float value) {
  if constexpr (std::same_as<H, Half>) {
    return to_half(std::clamp(value, -kLargestHalf, kLargestHalf));
  } else {
    return to_bfloat16(value);
  }
}

// block r holds sizes[r] bytes; the same cut on every rank.
template <class H>
std::span<const std::size_t> block_sizes(std::size_t n, Round& round) {
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto sizes = round.scratch.take<std::size_t>(ranks);
  for (std::size_t r = 0; r < ranks; ++r) {
    sizes[r] = (block_start(n, ranks, r + 1) - block_start(n, ranks, r)) * sizeof(H);
  }
  return sizes;
}

// Rank by rank in the outer loop, so that the inner ones vectorise.
template <class H, Element T>
void mean_of_blocks(std::span<const H> blocks, T divisor, std::span<T> sum, std::span<H> mean) {
  std::ranges::fill(sum, T(0));
  for (std::size_t first = 0; first < blocks.size(); first += sum.size()) {
    for (std::size_t i = 0; i < sum.size(); ++i) {
      sum[i] += static_cast<T>(to_float(blocks[first + i]));
    }
  }
  std::ranges::transform(sum, mean.begin(),
                         [&](T v) { return narrow<H>(static_cast<float>(v / divisor)); });
}

template <class H, Element T>
void all_reduce_mean(std::span<T> x, T divisor, Round& round) {
  const Scratch::Frame frame(round.scratch);
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto rank = static_cast<std::size_t>(round.communicator.rank());
  const auto sizes = block_sizes<H>(x.size(), round);
  const std::size_t own = sizes[rank] / sizeof(H);
  const auto mine = round.scratch.take<H>(x.size());
  const auto blocks = round.scratch.take<H>(own * ranks);
  const auto in_sizes = round.scratch.take<std::size_t>(ranks);
  const auto mean = round.scratch.take<H>(own);
  std::ranges::fill(in_sizes, sizes[rank]);
  std::ranges::transform(x, mine.begin(), [](T v) { return narrow<H>(static_cast<float>(v)); });
  round.communicator.all_to_all_v(std::as_bytes(mine), sizes, std::as_writable_bytes(blocks),
                                  in_sizes);
  mean_of_blocks(std::span<const H>(blocks), divisor, round.scratch.take<T>(own), mean);
  round.communicator.all_gather_v(std::as_bytes(mean), sizes, std::as_writable_bytes(mine));
  std::ranges::transform(mine, x.begin(), [](H v) { return static_cast<T>(to_float(v)); });
}

}  // namespace

template <Element T>
void all_reduce_mean_16bit(std::span<T> x, ElementType type, T divisor, Round& round) {
  if (type == ElementType::float16) {
    all_reduce_mean<Half>(x, divisor, round);
  } else {
    all_reduce_mean<BFloat16>(x, divisor, round);
  }
}

template void all_reduce_mean_16bit(std::span<float>, ElementType, float, Round&);
template void all_reduce_mean_16bit(std::span<double>, ElementType, double, Round&);

}  // namespace pith
