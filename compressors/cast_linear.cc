// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/compressors/cast_linear.h>
#include <pith/compressors/rounding.h>
#include <pith/core/arguments.h>
#include <pith/core/vector.h>

namespace pith {

template <Element T>
void CastLinear<T>::factor(int, std::span<const T> x, const RandomKey&, std::span<T> out,
                           Scratch& scratch) {
  std::ranges::copy(x, out.begin());
  round_to(type_, out);
  const auto own = scratch.take<T>(n_);
  std::ranges::copy(out, own.begin());
  own_ = own;
  averaged_ = out;
}

template <Element T>
void CastLinear<T>::reconstruct_axpy(T a, std::span<T> y) const {
  axpy(a, averaged_, y);
}

template <Element T>
void CastLinear<T>::own_axpy(T a, std::span<T> y) const {
  axpy(a, own_, y);
}

template <Element T>
Guarantee CastLinear<T>::guarantee() const {
  const auto contraction = rounding_contraction(type_);
  return {contraction, {}, contraction.has_value()};
}

template <Element T>
std::unique_ptr<LinearCompressor<T>> make_cast_linear(const Spec& spec, const Shape& shape) {
  Arguments arguments(spec);
  const std::string type = arguments.word("type", "fp16", {"fp16", "bf16"});
  arguments.finish();
  return std::make_unique<CastLinear<T>>(
      shape.elements(), type == "fp16" ? ElementType::float16 : ElementType::bfloat16);
}

#define PITH_INSTANTIATE(T)     \
  template class CastLinear<T>; \
  template std::unique_ptr<LinearCompressor<T>> make_cast_linear(const Spec&, const Shape&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
