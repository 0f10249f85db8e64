// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <pith/comm/mean_16bit.h>
#include <pith/core/convert.h>
#include <pith/core/half.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

// block r holds sizes[r] bytes; the same cut on every rank.
template <class H>
std::span<const std::size_t> block_sizes(std::size_t n, std::size_t ranks, Scratch& scratch) {
  const auto sizes = scratch.take<std::size_t>(ranks);
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

}  // namespace

template <class Number, Element T>
void all_reduce_mean_of(std::span<std::byte> numbers, T divisor, Communicator& communicator,
                        Scratch& scratch) {
  const Scratch::Frame frame(scratch);
  const auto ranks = static_cast<std::size_t>(communicator.size());
  const auto rank = static_cast<std::size_t>(communicator.rank());
  const auto sizes = block_sizes<Number>(numbers.size() / sizeof(Number), ranks, scratch);
  const auto blocks = scratch.take<std::byte>(sizes[rank] * ranks);
  const auto in_sizes = scratch.take<std::size_t>(ranks);
  const auto mean = scratch.take<std::byte>(sizes[rank]);
  std::ranges::fill(in_sizes, sizes[rank]);
  communicator.all_to_all_v(numbers, sizes, blocks, in_sizes);
  mean_of_blocks<Number>(blocks, divisor, mean);
  communicator.all_gather_v(mean, sizes, numbers);
}

template void all_reduce_mean_of<Half>(std::span<std::byte>, float, Communicator&, Scratch&);
template void all_reduce_mean_of<Half>(std::span<std::byte>, double, Communicator&, Scratch&);
template void all_reduce_mean_of<BFloat16>(std::span<std::byte>, float, Communicator&, Scratch&);
template void all_reduce_mean_of<BFloat16>(std::span<std::byte>, double, Communicator&, Scratch&);

}  // namespace pith
