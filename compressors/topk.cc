// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include <pith/compressors/bits.h>
#include <pith/compressors/sparse_message.h>
#include <pith/compressors/topk.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

// Without their sign bit, floats order like their bit patterns; and unlike floats these are ordered
// even where a NaN is among them.
template <Element T>
BitsOf<T> magnitude(T x) {
  return std::bit_cast<BitsOf<T>>(std::abs(x));
}

template <Element T>
BitsOf<T> kth_magnitude(std::span<const T> x, std::size_t k, Scratch& scratch) {
  const Scratch::Frame frame(scratch);
  const auto magnitudes = scratch.take<BitsOf<T>>(x.size());
  std::ranges::transform(x, magnitudes.begin(), magnitude<T>);
  const auto kth = magnitudes.begin() + static_cast<std::ptrdiff_t>(k) - 1;
  std::ranges::nth_element(magnitudes, kth, std::greater<>());
  return *kth;
}

template <Element T>
class Largest final : public Selector<T> {
 public:
  Largest(double density, std::uint64_t k) : density_(density), k_(k) {}

  std::size_t most(std::size_t n) const override {
    if (k_ > 0) return std::min<std::size_t>(k_, n);
    // Without the factor the rounding of density * n could ask for one element more.
    const double k = std::ceil(density_ * static_cast<double>(n) * (1 - 1e-12));
    return std::clamp<std::size_t>(static_cast<std::size_t>(k), n > 0 ? 1 : 0, n);
  }

  std::span<const std::uint32_t> select(std::span<const T> x, Scratch& scratch) const override {
    const auto indices = scratch.take<std::uint32_t>(most(x.size()));
    if (indices.empty()) return indices;
    const auto least = kth_magnitude(x, indices.size(), scratch);
    const auto above = [&](T value) { return magnitude(value) > least; };
    std::size_t ties = indices.size() - static_cast<std::size_t>(std::ranges::count_if(x, above));
    std::size_t kept = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const bool tie = magnitude(x[i]) == least && ties > 0;
      if (tie) --ties;
      if (tie || above(x[i])) indices[kept++] = static_cast<std::uint32_t>(i);
    }
    return indices;
  }

  Guarantee guarantee(std::size_t n) const override {
    if (n == 0) return {1.0, 0.0, true};
    return {.contraction = static_cast<double>(most(n)) / static_cast<double>(n),
            .contraction_is_typical = true};
  }

 private:
  double density_;  // 0 if k_ holds
  std::uint64_t k_;
};

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_topk(const Spec& spec,
                                                std::unique_ptr<MessageCompressor<T>> second) {
  Arguments arguments(spec);
  const double density = arguments.number("density", 0, 0, 1);
  const std::uint64_t k = arguments.integer("k", 0, 1, 0xffffffffu);
  if ((density > 0) == (k > 0)) {
    throw UsageError(spec.text() + ": give density or k" + (k > 0 ? ", not both" : ""));
  }
  return make_sparse<T>(spec, arguments, std::make_unique<Largest<T>>(density, k),
                        std::move(second));
}

template std::unique_ptr<MessageCompressor<float>> make_topk(
    const Spec&, std::unique_ptr<MessageCompressor<float>>);
template std::unique_ptr<MessageCompressor<double>> make_topk(
    const Spec&, std::unique_ptr<MessageCompressor<double>>);

}  // namespace pith
