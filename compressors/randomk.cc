// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include <pith/compressors/finite.h>
#include <pith/compressors/mask.h>
#include <pith/compressors/randomk.h>
#include <pith/compressors/rounding.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {

template <Element T>
RandomK<T>::RandomK(std::size_t n, std::size_t k, Scale scale, ElementType factors)
    : n_(n),
      k_(std::clamp<std::size_t>(k, std::min<std::size_t>(n, 1), n)),
      scale_(scale),
      factors_(factors) {}

template <Element T>
void RandomK<T>::factor(int, Source<T>& x, const RandomKey& key, std::span<T> out,
                        Scratch& scratch) {
  const auto mask =
      draw_mask(n_, k_, Random({key.seed, key.tensor, key.step, kSharedByRanks}), scratch);
  const auto own = scratch.take<T>(k_);
  own_ = {mask, own};
  averaged_ = {mask, out};
  const T s = scale();
  sweep_in_parts(x, {0, n_}, [&](std::span<const T> block, Range range) {
    check_finite(block);
    const Range kept = masked(mask, range);
    const auto values = slice(own, kept);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      values[i] = s * block[mask[kept.begin + i] - range.begin];
    }
    round_to(factors_, values);
    std::ranges::copy(values, slice(out, kept).begin());
    x.sent(range, own_);
  });
}

template <Element T>
Guarantee RandomK<T>::guarantee() const {
  if (n_ == 0) return {.contraction = 1.0, .variance = 0.0, .contraction_is_typical = true};
  const double kept = static_cast<double>(k_) / static_cast<double>(n_);
  if (scale_ == Scale::none) {
    const auto rounding = rounding_contraction(factors_);
    if (!rounding) return {};
    return {.contraction = kept * *rounding, .variance = {}, .contraction_is_typical = true};
  }
  if (factors_ != element_type<T>) return {};  // rounding to nearest is biased
  Guarantee guarantee{.contraction = {}, .variance = 1 / kept - 1, .contraction_is_typical = true};
  if (guarantee.variance < 1) guarantee.contraction = 1 - *guarantee.variance;
  return guarantee;
}

template <Element T>
std::unique_ptr<LinearCompressor<T>> make_randomk(const Spec& spec, const Shape& shape,
                                                  ElementType factors) {
  constexpr auto kLargest = std::numeric_limits<std::uint64_t>::max();
  Arguments arguments(spec);
  const double density = arguments.number("density", 0, 0, 1);
  std::uint64_t k = arguments.integer("k", 0, 1, kLargest);
  const std::string scale = arguments.word("scale", "none", {"none", "unbiased"});
  arguments.finish();
  if ((density > 0) == (k > 0)) {
    throw UsageError(spec.text() + ": give density or k" + (k > 0 ? ", not both" : ""));
  }
  const std::size_t n = shape.elements();
  if (k == 0) k = kept_elements(density, n);
  using Scale = typename RandomK<T>::Scale;
  return std::make_unique<RandomK<T>>(n, k, scale == "none" ? Scale::none : Scale::unbiased,
                                      factors);
}

#define PITH_INSTANTIATE(T)                                                             \
  template class RandomK<T>;                                                            \
  template std::unique_ptr<LinearCompressor<T>> make_randomk(const Spec&, const Shape&, \
                                                             ElementType);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
