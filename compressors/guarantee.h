// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>

namespace pith {

/// What a compressor C promises for every input of its shape.
struct Guarantee {
  /// alpha with E||C(x) - x||^2 <= (1 - alpha) ||x||^2, 0 < alpha <= 1: error feedback converges.
  std::optional<double> contraction = std::nullopt;
  /// omega with E||C(x) - E C(x)||^2 <= omega ||x||^2, of what adds noise: where it is unbiased, or
  /// promises no contraction.
  std::optional<double> variance = std::nullopt;
  /// Whether `contraction` is also what to expect in practice (top-k, random-k), so that step sizes
  /// may follow it; otherwise (a sign's worst case of 1/n) they follow a measured one.
  bool contraction_is_typical = false;
  /// Of the mean over ranks it only holds if there are so many; 0: over any number.
  std::size_t ranks = 0;
  /// eta with ||E C(x) - x|| <= eta ||x||, from 0, usable without feedback, to 1, for what has a
  /// variance.
  double bias = 0;
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

/// Of a compressor that keeps some elements, which alone promises `kept`, and codes their values by
/// one that promises `coded`. With contractions a and b it is a b:
///
///   E||C(x) - x||^2 = ||x - S x||^2 + E||Q(S x) - S x||^2 <= ||x||^2 - b ||S x||^2
///
/// Where Q has a variance but no contraction, or a is 1, the variance stays what it is, as
/// ||S x|| <= ||x||, and to the bias comes what is dropped: bias^2 = 1 - a (1 - bias of Q^2), a
/// being 0 where none is promised.
Guarantee composed(const Guarantee& kept, const Guarantee& coded);

/// Of at most `error` ||x||^2, which is a contraction where it is below 1.
inline Guarantee contracting(double error) {
  return error < 1 ? Guarantee{.contraction = 1 - error} : Guarantee{};
}

}  // namespace pith
