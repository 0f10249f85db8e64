// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#include <pith/compressors/block_message.h>
#include <pith/compressors/finite.h>
#include <pith/compressors/guarantee.h>
#include <pith/compressors/rounding_point.h>
#include <pith/core/vector.h>

namespace pith {

/// The statistics of a bucket, as on the wire.
template <Element T>
struct Norm {
  T norm;
};

/// Of what the levels of a bucket are shares.
struct Scale {
  bool largest = false;  ///< of the largest magnitude; else of the norm
  double clip = 0;       ///< but at most so many standard deviations, if that is above 0
};

/// The population's, about the mean.
template <Element T>
double standard_deviation(std::span<const T> x) {
  double sum = 0;
  for (const T v : x) sum += static_cast<double>(v);
  const double mean = sum / static_cast<double>(x.size());
  double squares = 0;
  for (const T v : x) squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  return std::sqrt(squares / static_cast<double>(x.size()));
}

/// What quantize sends with range=qsgd and range=max: a code is a level up to `levels` and, as bit
/// number bits - 1, the sign. A scheme of block_message.h and of elias_message.h.
template <Element T>
class Qsgd : public CodeByCode<T, Qsgd<T>, Norm<T>> {
 public:
  static constexpr const char* kName = "quantize";
  using Statistics = Norm<T>;

  Qsgd(unsigned bits, std::uint32_t levels, Rounding rounding, const Scale& scale)
      : bits_(bits), levels_(levels), rounding_(rounding), scale_(scale) {}

  constexpr unsigned width() const { return bits_; }
  constexpr Rounding rounding() const { return rounding_; }
  constexpr std::uint32_t levels() const { return levels_; }
  constexpr const Scale& scale() const { return scale_; }
  constexpr std::uint32_t sign() const { return 1u << (bits_ - 1); }

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

  constexpr std::uint32_t code(T x, const Statistics& bucket, const auto& point,
                               std::uint64_t index) const {
    if (!(bucket.norm > 0)) return 0;
    const T level = round_at(std::abs(x) / bucket.norm * top(), point.at(index));
    const auto magnitude = static_cast<std::uint32_t>(std::min(top(), level));
    return x < 0 && magnitude > 0 ? magnitude | sign() : magnitude;
  }

  constexpr bool valid(const Statistics& bucket) const {
    return bucket.norm >= 0 && std::isfinite(bucket.norm);
  }

  constexpr T value(std::uint32_t code, const Statistics& bucket) const {
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
      if (rounding_ == Rounding::nearest) return contracting(others / (4 * s * s));
      return unbiased((std::sqrt(1 + others / (s * s)) - 1) / 2);
    }
    if (rounding_ == Rounding::nearest) return contracting(b / (4 * s * s));
    return unbiased(std::min(b / (s * s), std::sqrt(b) / s));
  }

 private:
  constexpr T top() const { return static_cast<T>(levels_); }

  unsigned bits_;
  std::uint32_t levels_;
  Rounding rounding_;
  Scale scale_;
};

}  // namespace pith
