// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/compressors/cast_linear.h>
#include <pith/compressors/finite.h>
#include <pith/compressors/rounding.h>
#include <pith/core/arguments.h>

namespace pith {

// The own part is known at once, so a block is committed while it is in the cache.
template <Element T>
void CastLinear<T>::factor(int, Source<T>& x, const RandomKey&, std::span<T> out,
                           Scratch& scratch) {
  const auto own = scratch.take<T>(n_);
  own_ = ExactlySent<T>(own);
  averaged_ = ExactlySent<T>(out);
  sweep_in_parts(x, {0, n_}, [&](std::span<const T> block, Range range) {
    check_finite(block);
    const auto rounded = slice(own, range);
    std::ranges::copy(block, rounded.begin());
    round_to(type_, rounded);
    std::ranges::copy(rounded, slice(out, range).begin());
    x.sent(range, own_);
  });
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
