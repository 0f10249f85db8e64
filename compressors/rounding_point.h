// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <pith/core/element.h>
#include <pith/core/random.h>

namespace pith {

/// Of a number to one of the two neighbouring integers.
enum class Rounding : std::uint8_t {
  nearest,    ///< halves up
  stochastic  ///< up with the probability that keeps the mean (up to 2^-24 of a step)
};

/// How far above an integer a number must lie to be rounded up: 1/2, or uniform in (0, 1] and keyed
/// by the element's index in its tensor.
class RoundingPoint {
 public:
  RoundingPoint(Rounding rounding, const RandomKey& key) : rounding_(rounding), random_(key) {}

  constexpr bool is_random() const { return rounding_ == Rounding::stochastic; }
  constexpr const Random& random() const { return random_; }

  constexpr float at(std::uint64_t index) const {
    return is_random() ? of_word(random_.at(index)) : 0.5f;
  }

  /// at() of an index whose word of random() this is.
  constexpr float of_word(std::uint32_t word) const {
    return is_random() ? 1.0f - Random::uniform_of(word) : 0.5f;
  }

 private:
  Rounding rounding_;
  Random random_;
};

/// floor(v), or the next integer if v lies at least `point` above it; v >= 0.
template <Element T>
constexpr T round_at(T v, float point) {
  const T lower = std::floor(v);
  return v - lower >= static_cast<T>(point) ? lower + 1 : lower;
}

/// The nearest finite T: a sum of finite numbers may exceed every T.
template <Element T>
constexpr T to_finite(double value) {
  constexpr double kLargest = std::numeric_limits<T>::max();
  return static_cast<T>(std::clamp(value, -kLargest, kLargest));
}

}  // namespace pith
