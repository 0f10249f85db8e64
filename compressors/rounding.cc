// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <pith/compressors/rounding.h>
#include <pith/core/convert.h>

namespace pith {
namespace {

// There and back, a few elements at a time. narrow() would make infinities finite.
template <class Number, Element T>
void round_finite(std::span<T> x) {
  constexpr std::size_t kChunk = 512;
  std::byte numbers[kChunk * sizeof(Number)];
  T rounded[kChunk];
  for (std::size_t start = 0; start < x.size(); start += kChunk) {
    const auto part = x.subspan(start, std::min(kChunk, x.size() - start));
    const auto narrowed = std::span(numbers).first(part.size() * sizeof(Number));
    narrow<Number>(std::span<const T>(part), narrowed);
    widen<Number>(std::span<const std::byte>(narrowed), std::span(rounded).first(part.size()));
    for (std::size_t i = 0; i < part.size(); ++i) {
      part[i] = std::isinf(part[i]) ? part[i] : rounded[i];
    }
  }
}

}  // namespace

template <Element T>
void round_to(ElementType type, std::span<T> x) {
  if (type == ElementType::float16) round_finite<Half>(x);
  if (type == ElementType::bfloat16) round_finite<BFloat16>(x);
}

std::optional<double> rounding_contraction(ElementType type) {
  if (type == ElementType::float16) return std::nullopt;
  return type == ElementType::bfloat16 ? 1 - 0x1p-16 : 1.0;
}

template void round_to<float>(ElementType, std::span<float>);
template void round_to<double>(ElementType, std::span<double>);

}  // namespace pith
