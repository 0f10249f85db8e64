// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <pith/compressors/guarantee.h>

namespace pith {

Guarantee composed(const Guarantee& kept, const Guarantee& coded) {
  Guarantee both{.ranks = coded.ranks};
  if (kept.contraction && coded.contraction) {
    both.contraction = *kept.contraction * *coded.contraction;
    both.contraction_is_typical = kept.contraction_is_typical && coded.contraction_is_typical;
  }
  const double a = kept.contraction.value_or(0);
  if (!coded.variance || (coded.contraction && a < 1)) return both;
  both.variance = coded.variance;
  both.bias = std::sqrt(1 - a * (1 - coded.bias * coded.bias));
  return both;
}

}  // namespace pith
