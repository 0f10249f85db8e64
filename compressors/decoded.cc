// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include <pith/compressors/decoded.h>
#include <pith/core/vector.h>

namespace pith {

// Block by block, each of which is summed in the first cache.
template <Element T>
void Decoded<T>::mean(std::span<const Decoded* const> all, T divisor, std::size_t first,
                      std::span<T> out) const {
  constexpr std::size_t kBlock = 8192 / sizeof(T);
  alignas(64) std::array<T, kBlock> block;
  const bool streamed = out.size_bytes() >= kStreamedBytes;
  for (std::size_t i = 0; i < out.size(); i += kBlock) {
    const auto part = out.subspan(i, std::min(kBlock, out.size() - i));
    const auto sum = streamed ? std::span(block).first(part.size()) : part;
    std::ranges::fill(sum, T(0));
    for (const Decoded* one : all) one->axpy(T(1), first + i, sum);
    if (divisor != T(1)) divide(sum, divisor);
    if (streamed) stream(std::span<const T>(sum), part);
  }
  end_stream();
}

template class Decoded<float>;
template class Decoded<double>;

}  // namespace pith
