// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <pith/compressors/finite.h>
#include <pith/compressors/permk.h>
#include <pith/compressors/segments.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

constexpr std::size_t kHead = 16;

/// Which elements are a rank's: the k-th of them is one of the k-th group.
class Share {
 public:
  Share(std::uint64_t draw, std::size_t rank, std::size_t ranks)
      : shifts_({.seed = draw}), rank_(rank), ranks_(ranks) {}

  std::size_t element(std::size_t k) const {
    return k * ranks_ + (rank_ + shifts_.below(ranks_, k)) % ranks_;
  }

  /// Which of them lie in `range`: numbers k.
  Range within(Range range) const { return {below(range.begin), below(range.end)}; }

 private:
  std::size_t below(std::size_t end) const {
    const std::size_t group = end / ranks_;
    return group + (end % ranks_ > 0 && element(group) < end ? 1 : 0);
  }

  Random shifts_;
  std::size_t rank_;
  std::size_t ranks_;
};

template <Element T>
class PermK final : public MessageCompressor<T> {
 public:
  explicit PermK(std::size_t ranks) : ranks_(ranks) {}

  std::size_t max_wire_bytes(std::size_t n, std::size_t segments) const override {
    const std::size_t values = (n + ranks_ - 1) / ranks_ * sizeof(T);
    return segmented_bound(kHead + values, kHead, segments);
  }

  // As many as the ends of a range may add.
  std::size_t max_segment_bytes(std::size_t n) const override {
    return padded(kHead + std::min(n, n / ranks_ + 2) * sizeof(T));
  }

  std::size_t encode(Source<T>& x, Cuts cuts, const RandomKey& key, Wire wire, Scratch&) override {
    const std::uint64_t draw = draw_for(key);
    const std::size_t rank = key.rank % ranks_;
    const Share share(draw, rank, ranks_);
    return write_segments(cuts, wire, [&](std::size_t s, ByteWriter& writer) {
      const Range segment{cuts[s], cuts[s + 1]};
      const Range numbers = share.within(segment);
      writer.put(draw);
      writer.put(static_cast<std::uint32_t>(rank));
      writer.put(std::uint32_t{0});
      const auto bytes = writer.reserve(numbers.size() * sizeof(T));
      const Opened decoded(share, bytes, numbers.begin, factor());
      sweep_in_parts(x, segment, [&](std::span<const T> block, Range range) {
        check_finite(block);
        const Range kept = share.within(range);
        ByteWriter values(bytes.subspan((kept.begin - numbers.begin) * sizeof(T)));
        for (std::size_t k = kept.begin; k < kept.end; ++k) {
          values.put(block[share.element(k) - range.begin]);
        }
        x.sent(range, decoded);
      });
    });
  }

  const Decoded<T>& open(Segment segment, std::size_t n, Scratch& scratch) const override {
    if (n == 0 && segment.bytes.empty()) {
      return scratch.make<Opened>(Share(0, 0, ranks_), segment.bytes, std::size_t{0}, factor());
    }
    ByteReader reader(segment.bytes, "permk");
    const auto draw = reader.get<std::uint64_t>();
    const auto rank = reader.get<std::uint32_t>();
    if (rank >= ranks_ || reader.get<std::uint32_t>() != 0) {
      throw WireError("permk: rank " + std::to_string(rank) + " of " + std::to_string(ranks_));
    }
    const Share share(draw, rank, ranks_);
    const Range numbers = share.within({segment.first, segment.first + n});
    const auto bytes = segment.bytes.subspan(kHead);
    check_padding("permk", bytes, 8 * sizeof(T) * numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (std::isfinite(load<T>(bytes, i))) continue;
      throw WireError("permk: value " + std::to_string(i) + " is not finite");
    }
    return scratch.make<Opened>(share, bytes, numbers.begin, factor());
  }

  Guarantee guarantee(std::size_t n) const override {
    if (n == 0 || ranks_ == 1) return kNothingLost;
    return {.variance = static_cast<double>(ranks_ - 1), .ranks = ranks_};
  }

 private:
  class Opened final : public Decoded<T> {
   public:
    Opened(const Share& share, std::span<const std::byte> bytes, std::size_t first, T factor)
        : share_(share), bytes_(bytes), first_(first), factor_(factor) {}

    void axpy(T a, std::size_t first, std::span<T> y) const override {
      for_each(first, y, [&](T& element, std::size_t i) {
        element += a * finite(factor_ * load<T>(bytes_, i));
      });
    }

    void clear(std::size_t first, std::span<T> y) const override {
      for_each(first, y, [](T& element, std::size_t) { element = 0; });
    }

   private:
    static T finite(T value) {
      constexpr T kLargest = std::numeric_limits<T>::max();
      return std::clamp(value, -kLargest, kLargest);
    }

    template <class Body>
    void for_each(std::size_t first, std::span<T> y, const Body& body) const {
      const Range kept = share_.within({first, first + y.size()});
      for (std::size_t k = kept.begin; k < kept.end; ++k) {
        body(y[share_.element(k) - first], k - first_);
      }
    }

    Share share_;
    std::span<const std::byte> bytes_;
    std::size_t first_;  // number of the first value
    T factor_;
  };

  T factor() const { return static_cast<T>(ranks_); }

  static std::uint64_t draw_for(const RandomKey& key) {
    const auto words = Random({key.seed, key.tensor, key.step, kSharedByRanks}).block(0);
    return std::uint64_t{words[0]} << 32 | words[1];
  }

  std::size_t ranks_;
};

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_permk(const Spec& spec) {
  constexpr std::uint64_t kMostRanks = 1u << 20;
  Arguments arguments(spec);
  const auto ranks = arguments.integer("ranks", 0, 1, kMostRanks);
  arguments.finish();
  if (ranks == 0) throw UsageError(spec.text() + ": ranks is missing");
  return std::make_unique<PermK<T>>(ranks);
}

template std::unique_ptr<MessageCompressor<float>> make_permk(const Spec&);
template std::unique_ptr<MessageCompressor<double>> make_permk(const Spec&);

}  // namespace pith
