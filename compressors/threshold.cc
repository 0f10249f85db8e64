// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <pith/compressors/collect.h>
#include <pith/compressors/sparse_message.h>
#include <pith/compressors/threshold.h>
#include <pith/core/arguments.h>

namespace pith {
namespace {

template <Element T>
class AtLeast final : public Selector<T> {
 public:
  explicit AtLeast(double value) : least_(bits_of_least(value)) {}

  std::size_t most(std::size_t n) const override { return n; }

  Entries<T> select(Source<T>& x, Scratch& scratch) const override {
    const auto indices = scratch.take<std::uint32_t>(x.size());
    const auto values = scratch.take<T>(x.size());
    const Scratch::Frame frame(scratch);
    const std::size_t room = kSweepBlock<T> + kCollectRoom;
    Candidates<T> found{scratch.take<BitsOf<T>>(room), scratch.take<T>(room)};
    std::size_t kept = 0;
    sweep(x, {0, x.size()}, [&](std::span<const T> block, Range range) {
      found.count = 0;
      collect(block, range.begin, least_, found);
      for (std::size_t i = 0; i < found.count; ++i) {
        indices[kept] = static_cast<std::uint32_t>(found.indices[i]);
        values[kept++] = found.values[i];
      }
    });
    x.settle();
    return {indices.first(kept), values.first(kept)};
  }

  Guarantee guarantee(std::size_t) const override { return {}; }

 private:
  // Of the least T that is not below the value: T's own rounding might go down, or to 0.
  static BitsOf<T> bits_of_least(double value) {
    auto least = static_cast<T>(std::min<double>(value, std::numeric_limits<T>::max()));
    if (static_cast<double>(least) < value) {
      least = std::nextafter(least, std::numeric_limits<T>::infinity());
    }
    return std::bit_cast<BitsOf<T>>(least);
  }

  BitsOf<T> least_;
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
