// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/compressors/cast_linear.h>
#include <pith/compressors/finite.h>
#include <pith/compressors/rounding.h>
#include <pith/core/arguments.h>
#include <pith/core/convert.h>

namespace pith {

namespace {

// Calls body(Half{}) or body(BFloat16{}).
template <class Body>
void with_number(ElementType type, const Body& body) {
  if (type == ElementType::float16) {
    body(Half{});
  } else {
    body(BFloat16{});
  }
}

}  // namespace

template <Element T>
void Narrowed<T>::axpy(T a, std::size_t first, std::span<T> y) const {
  with_number(type_, [&]<class Number>(Number) {
    const auto numbers = numbers_.subspan(first * sizeof(Number), y.size() * sizeof(Number));
    widen_axpy<Number>(a, numbers, y);
  });
}

// The own part is known at once, so a block is committed while it is in the cache.
template <Element T>
void CastLinear<T>::factor(int, Source<T>& x, const RandomKey&, std::span<T> out,
                           Scratch& scratch) {
  const auto numbers = scratch.take<std::byte>(n_ * size_of(type_));
  own_ = Narrowed<T>(type_, numbers);
  averaged_ = ExactlySent<T>(out);
  with_number(type_, [&]<class Number>(Number) {
    sweep_in_parts(x, {0, n_}, [&](std::span<const T> block, Range range) {
      check_finite(block);
      const auto narrowed =
          numbers.subspan(range.begin * sizeof(Number), block.size() * sizeof(Number));
      narrow<Number>(block, narrowed);
      widen<Number>(std::span<const std::byte>(narrowed), slice(out, range));
      x.sent(range, own_);
    });
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
  template class Narrowed<T>;   \
  template class CastLinear<T>; \
  template std::unique_ptr<LinearCompressor<T>> make_cast_linear(const Spec&, const Shape&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
