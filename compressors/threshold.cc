// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <pith/compressors/sparse_message.h>
#include <pith/compressors/threshold.h>
#include <pith/core/arguments.h>

namespace pith {
namespace {

template <Element T>
class AtLeast final : public Selector<T> {
 public:
  explicit AtLeast(double value) : value_(value) {}

  std::size_t most(std::size_t n) const override { return n; }

  std::span<const std::uint32_t> select(std::span<const T> x, Scratch& scratch) const override {
    const auto indices = scratch.take<std::uint32_t>(x.size());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (std::abs(x[i]) >= value_) indices[kept++] = static_cast<std::uint32_t>(i);
    }
    return indices.first(kept);
  }

  Guarantee guarantee(std::size_t) const override { return {}; }

 private:
  double value_;  // not T, where it might be 0 or infinite
};

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_threshold(const Spec& spec,
                                                     std::unique_ptr<MessageCompressor<T>> second) {
  Arguments arguments(spec);
  const double value =
      arguments.required_number("value", 0, std::numeric_limits<double>::infinity());
  return make_sparse<T>(spec, arguments, std::make_unique<AtLeast<T>>(value), std::move(second));
}

template std::unique_ptr<MessageCompressor<float>> make_threshold(
    const Spec&, std::unique_ptr<MessageCompressor<float>>);
template std::unique_ptr<MessageCompressor<double>> make_threshold(
    const Spec&, std::unique_ptr<MessageCompressor<double>>);

}  // namespace pith
