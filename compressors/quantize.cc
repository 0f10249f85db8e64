// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <pith/compressors/block_message.h>
#include <pith/compressors/even_levels.h>
#include <pith/compressors/packed_levels.h>
#include <pith/compressors/quantize.h>
#include <pith/core/arguments.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

// A variance of omega is a contraction of 1 - omega too, where that is one.
Guarantee unbiased(double omega) {
  Guarantee guarantee{.variance = omega};
  if (omega < 1) guarantee.contraction = 1 - omega;
  return guarantee;
}

Guarantee contraction(double error) {
  return error < 1 ? Guarantee{.contraction = 1 - error} : Guarantee{};
}

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
    return rounding_ == Rounding::stochastic ? unbiased(error) : contraction(error);
  }

 private:
  static constexpr std::size_t kChunk = 512;  // whose levels stay in the first cache

  bool whole_in_bytes() const { return bits_ == 4 || bits_ == 8; }

  template <class V, class Body>
  static void for_chunks(std::span<V> x, Body body) {
    for (std::size_t i = 0; i < x.size(); i += kChunk) {
      body(x.subspan(i, std::min(kChunk, x.size() - i)), i);
    }
  }

  std::uint8_t level(T x, const Statistics& bucket, float point) const {
    const T level = round_at((x - bucket.min) / bucket.unit, point);
    return static_cast<std::uint8_t>(std::min(top(), level));
  }

  std::uint32_t levels() const { return (1u << bits_) - 1; }
  T top() const { return static_cast<T>(levels()); }

  unsigned bits_;
  Rounding rounding_;
};

template <Element T>
struct Norm {
  T norm;
};

// Of what the levels of a bucket are shares.
struct Scale {
  bool largest = false;  // of the largest magnitude; else of the norm
  double clip = 0;       // but at most so many standard deviations, if that is above 0
};

// The population's, about the mean.
template <Element T>
double standard_deviation(std::span<const T> x) {
  double sum = 0;
  for (const T v : x) sum += static_cast<double>(v);
  const double mean = sum / static_cast<double>(x.size());
  double squares = 0;
  for (const T v : x) squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  return std::sqrt(squares / static_cast<double>(x.size()));
}

template <Element T>
class Qsgd : public CodeByCode<T, Qsgd<T>, Norm<T>> {
 public:
  static constexpr const char* kName = "quantize";
  using Statistics = Norm<T>;

  Qsgd(unsigned bits, std::uint32_t levels, Rounding rounding, const Scale& scale)
      : bits_(bits), levels_(levels), rounding_(rounding), scale_(scale) {}

  unsigned width() const { return bits_; }
  Rounding rounding() const { return rounding_; }

  // The norm is at least max |x|, so that no level lies above the highest even where squares under-
  // or overflow.
  Statistics measure(std::span<const T> bucket) const {
    check_finite(bucket);
    T norm = scale_.largest ? T{0} : to_finite<T>(std::sqrt(squared_norm(bucket)));
    for (const T x : bucket) norm = std::max(norm, std::abs(x));
    if (scale_.clip == 0) return {norm};
    const T most = to_finite<T>(scale_.clip * standard_deviation(bucket));
    return {most > 0 ? std::min(norm, most) : norm};  // equal elements do not deviate
  }

  std::uint32_t code(T x, const Statistics& bucket, const RoundingPoint& point,
                     std::uint64_t index) const {
    if (!(bucket.norm > 0)) return 0;
    const T level = round_at(std::abs(x) / bucket.norm * top(), point.at(index));
    const auto magnitude = static_cast<std::uint32_t>(std::min(top(), level));
    return x < 0 && magnitude > 0 ? magnitude | sign() : magnitude;
  }

  bool valid(const Statistics& bucket) const {
    return bucket.norm >= 0 && std::isfinite(bucket.norm);
  }

  T value(std::uint32_t code, const Statistics& bucket) const {
    const std::uint32_t level = std::min(code & (sign() - 1), levels_);  // no code is refused
    const T magnitude = bucket.norm * (static_cast<T>(level) / top());
    return code >= sign() ? -magnitude : magnitude;
  }

  Guarantee guarantee(std::size_t elements) const {
    const auto b = static_cast<double>(elements);
    const double s = levels_;
    if (scale_.clip > 0) return {};
    if (scale_.largest) {
      const double others = std::max(b, 1.0) - 1;  // the largest is exact
      if (rounding_ == Rounding::nearest) return contraction(others / (4 * s * s));
      return unbiased((std::sqrt(1 + others / (s * s)) - 1) / 2);
    }
    if (rounding_ == Rounding::nearest) return contraction(b / (4 * s * s));
    return unbiased(std::min(b / (s * s), std::sqrt(b) / s));
  }

 private:
  std::uint32_t sign() const { return 1u << (bits_ - 1); }
  T top() const { return static_cast<T>(levels_); }

  unsigned bits_;
  std::uint32_t levels_;
  Rounding rounding_;
  Scale scale_;
};

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_quantize(const Spec& spec) {
  Arguments arguments(spec);
  const std::string range = arguments.word("range", "minmax", {"minmax", "qsgd", "max"});
  const bool qsgd = range != "minmax";
  const bool largest = range == "max";
  const Scale scale{largest, largest ? arguments.number("clip", 0, 0, 1e6) : 0};
  const auto bits = static_cast<unsigned>(arguments.integer("bits", 4, qsgd ? 2 : 1, 8));
  const std::uint64_t bucket = arguments.integer("bucket", 512, 1, std::uint64_t{1} << 30);
  const std::string fallback = qsgd ? "stochastic" : "nearest";
  const bool nearest = arguments.word("rounding", fallback, {"nearest", "stochastic"}) == "nearest";
  const std::uint64_t most = (1u << (bits - 1)) - 1;
  const auto levels = qsgd ? arguments.integer("levels", most, 1, most) : 0;
  arguments.finish();
  const Rounding rounding = nearest ? Rounding::nearest : Rounding::stochastic;
  if (qsgd) {
    return std::make_unique<BlockMessage<T, Qsgd<T>>>(
        Qsgd<T>(bits, static_cast<std::uint32_t>(levels), rounding, scale), bucket);
  }
  return std::make_unique<BlockMessage<T, MinMax<T>>>(MinMax<T>(bits, rounding), bucket);
}

template std::unique_ptr<MessageCompressor<float>> make_quantize(const Spec&);
template std::unique_ptr<MessageCompressor<double>> make_quantize(const Spec&);

}  // namespace pith
