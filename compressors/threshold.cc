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
  explicit AtLeast(double value) : least_(least_kept<T>(value)) {}

  std::size_t most(std::size_t n) const override { return n; }

  // Every part writes where its elements lie; then they are moved together.
  Entries<T> select(Source<T>& x, Scratch& scratch) const override {
    const auto indices = scratch.take<std::uint32_t>(x.size());
    const auto values = scratch.take<T>(x.size());
    const Scratch::Frame frame(scratch);
    const auto found = scratch.take<Found>(parts_of(x.size()));
    for (Found& part : found) part.candidates = room_for_a_block(scratch);
    in_parts(x, {0, x.size()}, found.size(), kSweepBlock<T>, [&](std::size_t part, Range range) {
      found[part].range = {range.begin, range.begin};
      sweep(x, range, [&](std::span<const T> block, Range where) {
        append(block, where.begin, found[part], indices, values);
      });
    });
    std::size_t kept = found.front().range.size();
    for (const Found& part : found.subspan(1)) {
      std::ranges::copy(slice(indices, part.range), indices.subspan(kept).begin());
      std::ranges::copy(slice(values, part.range), values.subspan(kept).begin());
      kept += part.range.size();
    }
    return {indices.first(kept), values.first(kept)};
  }

  Guarantee guarantee(std::size_t) const override { return {}; }

 private:
  // Where a thread has written what it keeps, and what it needs for a block.
  struct Found {
    Range range;
    Candidates<T> candidates;
  };

  static Candidates<T> room_for_a_block(Scratch& scratch) {
    const std::size_t room = kSweepBlock<T> + kCollectRoom;
    return {scratch.take<BitsOf<T>>(room), scratch.take<T>(room)};
  }

  void append(std::span<const T> block, std::size_t first, Found& found,
              std::span<std::uint32_t> indices, std::span<T> values) const {
    Candidates<T>& candidates = found.candidates;
    candidates.count = 0;
    collect(block, first, least_, candidates);
    for (std::size_t i = 0; i < candidates.count; ++i) {
      indices[found.range.end] = static_cast<std::uint32_t>(candidates.indices[i]);
      values[found.range.end++] = candidates.values[i];
    }
  }

  BitsOf<T> least_;
};

}  // namespace

// T's own rounding might go down, or to 0.
template <Element T>
BitsOf<T> least_kept(double value) {
  auto least = static_cast<T>(std::min<double>(value, std::numeric_limits<T>::max()));
  if (static_cast<double>(least) < value) {
    least = std::nextafter(least, std::numeric_limits<T>::infinity());
  }
  return std::bit_cast<BitsOf<T>>(least);
}

template <Element T>
std::unique_ptr<SparseCompressor<T>> make_threshold(const Spec& spec,
                                                    std::unique_ptr<MessageCompressor<T>> second) {
  Arguments arguments(spec);
  const double value =
      arguments.required_number("value", 0, std::numeric_limits<double>::infinity());
  return make_sparse<T>(spec, arguments, std::make_unique<AtLeast<T>>(value), std::move(second));
}

template std::unique_ptr<SparseCompressor<float>> make_threshold(
    const Spec&, std::unique_ptr<MessageCompressor<float>>);
template std::unique_ptr<SparseCompressor<double>> make_threshold(
    const Spec&, std::unique_ptr<MessageCompressor<double>>);

template BitsOf<float> least_kept<float>(double);
template BitsOf<double> least_kept<double>(double);

}  // namespace pith
