// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

namespace pith {

/// What a compressor C promises for every input of its shape.
struct Guarantee {
  /// alpha with E||C(x) - x||^2 <= (1 - alpha) ||x||^2, 0 < alpha <= 1: error feedback converges.
  std::optional<double> contraction = std::nullopt;
  /// omega with E C(x) = x and E||C(x) - x||^2 <= omega ||x||^2: usable without feedback.
  std::optional<double> variance = std::nullopt;
  /// Whether `contraction` is also what to expect in practice (top-k, random-k), so that step sizes
  /// may follow it; otherwise (a sign's worst case of 1/n) they follow a measured one.
  bool contraction_is_typical = false;
  /// Of the mean over ranks it only holds if there are so many; 0: over any number.
  std::size_t ranks = 0;
};

/// Of what travels as it is.
inline constexpr Guarantee kNothingLost{
    .contraction = 1.0, .variance = 0.0, .contraction_is_typical = true};

/// Of a variance of omega, which is a contraction of 1 - omega too where that is one.
inline Guarantee unbiased(double omega) {
  Guarantee guarantee{.variance = omega};
  if (omega < 1) guarantee.contraction = 1 - omega;
  return guarantee;
}

/// Of at most `error` ||x||^2, which is a contraction where it is below 1.
inline Guarantee contracting(double error) {
  return error < 1 ? Guarantee{.contraction = 1 - error} : Guarantee{};
}

}  // namespace pith
