// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <pith/collectives/mean.h>
#include <pith/core/range.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

template <Element T>
constexpr std::size_t kBlock = 8192 / sizeof(T);

constexpr std::size_t kStreamedBytes = std::size_t{1} << 20;  // smaller means stay in a cache

template <Element T>
void sum_up(std::span<const Decoded<T>* const> parts, std::size_t first, std::span<T> sum) {
  std::ranges::fill(sum, T(0));
  if (!parts.empty()) parts.front()->add_all(parts, first, sum);
}

}  // namespace

template <Element T>
void mean_of(std::span<const Decoded<T>* const> parts, T divisor, std::size_t first,
             std::span<T> mean) {
  alignas(64) std::array<T, kBlock<T>> block;
  const bool streamed = mean.size_bytes() >= kStreamedBytes;
  for (std::size_t i = 0; i < mean.size(); i += kBlock<T>) {
    const auto out = mean.subspan(i, std::min(kBlock<T>, mean.size() - i));
    const auto sum = streamed ? std::span(block).first(out.size()) : out;
    sum_up(parts, first + i, sum);
    if (divisor != T(1)) divide(sum, divisor);
    if (streamed) stream(std::span<const T>(sum), out);
  }
  end_stream();
}

template void mean_of(std::span<const Decoded<float>* const>, float, std::size_t, std::span<float>);
template void mean_of(std::span<const Decoded<double>* const>, double, std::size_t,
                      std::span<double>);

}  // namespace pith
