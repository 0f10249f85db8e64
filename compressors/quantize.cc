// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <pith/compressors/block_message.h>
#include <pith/compressors/elias_message.h>
#include <pith/compressors/even_levels.h>
#include <pith/compressors/packed_levels.h>
#include <pith/compressors/qsgd.h>
#include <pith/compressors/quantize.h>
#include <pith/core/arguments.h>

namespace pith {
namespace {

template <Element T>
class MinMax {
 public:
  static constexpr const char* kName = "quantize";
  struct Statistics {
    T unit;
    T min;
  };

  MinMax(unsigned bits, Rounding rounding) : bits_(bits), rounding_(rounding) {}

  unsigned width() const { return bits_; }
  Rounding rounding() const { return rounding_; }

  Statistics measure(std::span<const T> bucket) const {
    const auto [min, max, finite] = extremes(bucket);
    if (!finite) throw NonFiniteError();
    if (min == max) return {0, min};
    using Limits = std::numeric_limits<T>;
    // Neither may a range that T cannot hold make a level infinite, nor a tiny one the unit 0.
    const T largest = (Limits::max() - std::max(min, T{0})) / top() * (1 - 4 * Limits::epsilon());
    return {std::clamp((max - min) / top(), Limits::denorm_min(), largest), min};
  }

  void put(BitWriter& codes, std::span<const T> x, const Statistics& bucket,
           const RoundingPoint& point, std::size_t first) const {
    if (bits_ == 4 && rounding_ == Rounding::nearest && bucket.unit > 0) {
      BitWriter here = codes;
      std::byte* const packed = here.take(x.size());
      if (packed && nearest_nibbles(x, bucket.min, bucket.unit, packed)) return void(codes = here);
    }
    std::uint8_t levels[kChunk];
    for_chunks(x, [&](std::span<const T> part, std::size_t start) {
      const std::span<std::uint8_t> out(levels, part.size());
      if (!(bucket.unit > 0)) {
        std::ranges::fill(out, std::uint8_t{0});
      } else if (rounding_ == Rounding::nearest) {
        nearest_levels(part, bucket.min, bucket.unit, top(), out);
      } else {
        for (std::size_t i = 0; i < part.size(); ++i) {
          out[i] = level(part[i], bucket, point.at(first + start + i));
        }
      }
      codes.put_all(out);
    });
  }

  void add(T a, BitReader& codes, const Statistics& bucket, std::span<T> y) const {
    if (whole_in_bytes()) {
      if (const std::byte* const packed = codes.take(y.size())) {
        return add_packed_levels(a, {packed, bucket.min, bucket.unit}, bits_, y);
      }
    }
    std::uint8_t levels[kChunk];
    for_chunks(y, [&](std::span<T> part, std::size_t) {
      const std::span<std::uint8_t> in(levels, part.size());
      codes.get_all(in);
      add_levels<T>(a, in, bucket.min, bucket.unit, part);
    });
  }

  bool takes_means() const { return whole_in_bytes(); }

  void mean(std::span<const BlockCodes<Statistics>> all, T divisor, std::span<T> out,
            bool streamed) const {
    std::array<PackedLevels<T>, kMeanTogether> levels;
    std::ranges::transform(all, levels.begin(), [](const BlockCodes<Statistics>& one) {
      return PackedLevels<T>{one.codes, one.block.min, one.block.unit};
    });
    mean_packed_levels(std::span<const PackedLevels<T>>(levels).first(all.size()), bits_, divisor,
                       out, streamed);
  }

  bool valid(const Statistics& bucket) const {
    return bucket.unit >= 0 && std::isfinite(bucket.min) &&
           std::isfinite(bucket.min + bucket.unit * top());
  }

  Guarantee guarantee(std::size_t elements) const {
    const double inner = static_cast<double>(std::max<std::size_t>(elements, 2) - 2);
    const double error = inner / (2.0 * levels() * levels());
    return rounding_ == Rounding::stochastic ? unbiased(error) : contracting(error);
  }

 protected:
  static constexpr std::size_t kChunk = 512;  // whose levels stay in the first cache

  template <class V, class Body>
  static void for_chunks(std::span<V> x, Body body) {
    for (std::size_t i = 0; i < x.size(); i += kChunk) {
      body(x.subspan(i, std::min(kChunk, x.size() - i)), i);
    }
  }

  std::uint32_t levels() const { return (1u << bits_) - 1; }
  T top() const { return static_cast<T>(levels()); }

 private:
  bool whole_in_bytes() const { return bits_ == 4 || bits_ == 8; }

  std::uint8_t level(T x, const Statistics& bucket, float point) const {
    const T level = round_at((x - bucket.min) / bucket.unit, point);
    return static_cast<std::uint8_t>(std::min(top(), level));
  }

  unsigned bits_;
  Rounding rounding_;
};

// The same levels around 0, which is one of them; what lies beyond counts as the last one.
template <Element T>
class Deviation : public MinMax<T> {
 public:
  using MinMax<T>::MinMax;
  using typename MinMax<T>::Statistics;

  Statistics measure(std::span<const T> bucket) const {
    check_finite(bucket);
    const double square = squared_norm(bucket) / static_cast<double>(bucket.size());
    if (!(square > 0)) return {0, 0};
    using Limits = std::numeric_limits<T>;
    const T largest = Limits::max() / top() * (1 - 4 * Limits::epsilon());
    const T unit =
        std::clamp(to_finite<T>(8 * std::sqrt(square)) / top(), Limits::denorm_min(), largest);
    return {unit, -unit * static_cast<T>(this->levels() / 2)};
  }

  void put(BitWriter& codes, std::span<const T> x, const Statistics& bucket,
           const RoundingPoint& point, std::size_t first) const {
    T inside[MinMax<T>::kChunk];
    MinMax<T>::for_chunks(x, [&](std::span<const T> part, std::size_t start) {
      const auto end =
          std::ranges::transform(part, inside, [&](T v) { return std::max(v, bucket.min); }).out;
      MinMax<T>::put(codes, std::span<const T>(inside, end), bucket, point, first + start);
    });
  }

  // If nothing lies beyond, all errors are half a unit or less. What does keeps
  // 16 (1 - 1 / L^2) / B of ||x||^2, and with a level of 0 nothing is worse than left out.
  Guarantee guarantee(std::size_t elements) const {
    if (this->rounding() == Rounding::stochastic) return {};
    const double finest = 1.0 / (static_cast<double>(this->levels()) * this->levels());
    const double beyond = 16 * (1 - finest) / static_cast<double>(elements);
    return contracting(std::max(16 * finest, elements > 16 ? 1 - beyond : 0));
  }

 private:
  T top() const { return MinMax<T>::top(); }
};

// Of what the spec leaves open.
Rounding rounding_of(Arguments& arguments, std::string_view fallback) {
  const std::string word = arguments.word("rounding", fallback, {"nearest", "stochastic"});
  return word == "nearest" ? Rounding::nearest : Rounding::stochastic;
}

void read_even(Arguments& arguments, unsigned fewest_bits, QuantizeSettings& settings) {
  settings.bits = static_cast<unsigned>(arguments.integer("bits", 4, fewest_bits, 8));
  settings.rounding = rounding_of(arguments, "nearest");
}

void read_qsgd(Arguments& arguments, QuantizeSettings& settings) {
  const bool largest = settings.range == "max";
  settings.scale = {largest, largest ? arguments.number("clip", 0, 0, 1e6) : 0};
  settings.elias = arguments.word("coding", "fixed", {"fixed", "elias"}) == "elias";
  settings.bits =
      settings.elias ? kEliasBits : static_cast<unsigned>(arguments.integer("bits", 4, 2, 8));
  const std::uint64_t most = (1u << (settings.bits - 1)) - 1;
  const auto root = static_cast<std::uint64_t>(std::ceil(std::sqrt(settings.bucket)));
  const std::uint64_t usual = settings.elias ? std::min(most, root) : most;
  settings.levels = static_cast<std::uint32_t>(arguments.integer("levels", usual, 1, most));
  settings.rounding = rounding_of(arguments, "stochastic");
}

}  // namespace

QuantizeSettings quantize_settings(const Spec& spec) {
  Arguments arguments(spec);
  QuantizeSettings settings{
      .range = arguments.word("range", "minmax", {"minmax", "deviation", "qsgd", "max"}),
      .bucket = arguments.integer("bucket", 512, 1, std::uint64_t{1} << 30)};
  if (settings.range == "minmax") {
    read_even(arguments, 1, settings);
  } else if (settings.range == "deviation") {
    read_even(arguments, 2, settings);
  } else {
    read_qsgd(arguments, settings);
  }
  arguments.finish();
  return settings;
}

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_quantize(const Spec& spec) {
  const QuantizeSettings settings = quantize_settings(spec);
  const auto made = [&](const auto& scheme) -> std::unique_ptr<MessageCompressor<T>> {
    using Scheme = std::remove_cvref_t<decltype(scheme)>;
    return std::make_unique<BlockMessage<T, Scheme>>(scheme, settings.bucket);
  };
  if (settings.range == "minmax") return made(MinMax<T>(settings.bits, settings.rounding));
  if (settings.range == "deviation") return made(Deviation<T>(settings.bits, settings.rounding));
  const Qsgd<T> scheme(settings.bits, settings.levels, settings.rounding, settings.scale);
  if (!settings.elias) return made(scheme);
  return std::make_unique<EliasMessage<T, Qsgd<T>>>(scheme, settings.bucket);
}

template std::unique_ptr<MessageCompressor<float>> make_quantize(const Spec&);
template std::unique_ptr<MessageCompressor<double>> make_quantize(const Spec&);

}  // namespace pith
