// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <pith/collectives/all_reduce_16bit.h>
#include <pith/core/convert.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

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

// In rank order, some elements after the others, so that their sum stays in the first cache.
template <class H, Element T>
void mean_of_blocks(std::span<const std::byte> blocks, T divisor, std::span<std::byte> mean) {
  constexpr std::size_t kBytes = 1024 * sizeof(H);
  std::array<T, kBytes / sizeof(H)> sums;
  for (std::size_t i = 0; i < mean.size(); i += kBytes) {
    const auto out = mean.subspan(i, std::min(kBytes, mean.size() - i));
    const auto sum = std::span(sums).first(out.size() / sizeof(H));
    std::ranges::fill(sum, T(0));
    for (std::size_t first = i; first < blocks.size(); first += mean.size()) {
      widen_axpy<H>(T(1), blocks.subspan(first, out.size()), sum);
    }
    divide(sum, divisor);
    narrow<H>(std::span<const T>(sum), out);
  }
}

template <class H, Element T>
void all_reduce_mean(std::span<T> x, T divisor, Round& round) {
  const Scratch::Frame frame(round.scratch);
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto rank = static_cast<std::size_t>(round.communicator.rank());
  const auto sizes = block_sizes<H>(x.size(), round);
  const auto mine = round.scratch.take<std::byte>(x.size() * sizeof(H));
  const auto blocks = round.scratch.take<std::byte>(sizes[rank] * ranks);
  const auto in_sizes = round.scratch.take<std::size_t>(ranks);
  const auto mean = round.scratch.take<std::byte>(sizes[rank]);
  std::ranges::fill(in_sizes, sizes[rank]);
  narrow<H>(std::span<const T>(x), mine);
  round.communicator.all_to_all_v(mine, sizes, blocks, in_sizes);
  mean_of_blocks<H>(blocks, divisor, mean);
  round.communicator.all_gather_v(mean, sizes, mine);
  widen<H>(std::span<const std::byte>(mine), x);
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
