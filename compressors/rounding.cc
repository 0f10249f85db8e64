// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <pith/compressors/formats.h>
#include <pith/compressors/rounding.h>

namespace pith {
namespace {

template <class Format, Element T>
void round_finite(std::span<T> x) {
  for (T& value : x) {
    const T rounded = T{Format::to(narrow<Format>(value))};
    value = std::isinf(value) ? value : rounded;
  }
}

}  // namespace

template <Element T>
void round_to(ElementType type, std::span<T> x) {
  if (type == ElementType::float16) round_finite<Fp16>(x);
  if (type == ElementType::bfloat16) round_finite<Bf16>(x);
}

std::optional<double> rounding_contraction(ElementType type) {
  if (type == ElementType::float16) return std::nullopt;
  return type == ElementType::bfloat16 ? 1 - 0x1p-16 : 1.0;
}

template void round_to<float>(ElementType, std::span<float>);
template void round_to<double>(ElementType, std::span<double>);

}  // namespace pith
