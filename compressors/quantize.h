// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <pith/compressors/message.h>
#include <pith/compressors/qsgd.h>
#include <pith/core/spec.h>

namespace pith {

/// The arguments of quantize.
struct QuantizeSettings {
  std::string range;
  std::size_t bucket = 0;
  unsigned bits = 0;
  Rounding rounding = Rounding::nearest;
  std::uint32_t levels = 0;  ///< s of qsgd and max, as are:
  Scale scale = {};
  bool elias = false;
};
QuantizeSettings quantize_settings(const Spec& spec);

/// quantize(bits=4,bucket=512,range=minmax,rounding=nearest): equally spaced levels per bucket of
/// elements.
///
/// range=minmax, L = 2^bits - 1, bits 1 to 8:
///
///   unit  = (max x - min x) / L              0 only if all elements are equal
///   level = round((x - min x) (1 / unit))    decoded: min x + unit level
///
/// range=deviation, the same L, bits 2 to 8: between four deviations on either side of 0, where
/// there is a level, as 1-bit SGD does with more bits; levels below 0 count as 0, above L as L:
///
///   unit  = 8 sqrt(||x||^2 / B) / L          min = -unit (L - 1) / 2
///
/// range=qsgd, s = levels, at most and by default 2^(bits-1) - 1, bits 2 to 8, rounding=stochastic
/// unless said otherwise:
///
///   norm  = ||x||
///   level = round(s |x| / norm)              decoded: sign(x) norm (level / s)
///
/// range=max: the same with norm = max |x|, or with clip=C the lesser of that and C standard
/// deviations (not 0) of the bucket; |x| above norm counts as norm. With bits=2, s = 1 and one
/// bucket for the tensor this is TernGrad: sign(x) norm with probability |x| / norm, else 0.
///
/// coding=elias, with range=qsgd and range=max: short codes for small levels, in place of `bits`.
/// levels are up to 32767 and by default sqrt(bucket), rounded up.
///
/// With rounding=stochastic, and where no T holds 1 / unit, it is (x - min x) / unit.
/// rounding=nearest rounds halves up, stochastic up with the probability that keeps the mean.
///
/// Wire     minmax, deviation: {T unit, T min} per bucket touched, then the levels; qsgd, max: T
///          norm per bucket touched, then the levels with the sign (1: negative, never with level
///          0) as the highest bit. `bits` bits per element, least significant bit first, zero
///          padding. coding=elias: T norm per bucket touched, then per element level + 1 in the
///          Elias omega code (elias.h) and, unless the level is 0, a bit: 1 for negative; zero
///          padding. In the mean at most 1 + 3 s ||x||_1 / (B ||x||) bits per element with qsgd.
/// Error    minmax: at most unit / 2 (nearest), below unit (stochastic). With B = min(bucket, n):
///          ||x - decode(x)||^2 <= w ||x||^2, w = max(0, B-2) / (2 L^2), as the extremes are exact
///          and ||x||^2 >= (max - min)^2 / 2. Stochastic: variance w. Contraction 1 - w if w < 1.
///          deviation: at most unit / 2 up to four deviations (nearest), and beyond their excess
///          and unit / 2; the highest level lies unit / 2 beyond them, the lowest as much within.
///          Contraction, bits 3 to 8: 1 - 16 / L^2, for B above 16 at most 16 (1 - 1 / L^2) / B;
///          stochastic: none.
///          qsgd: variance w = min(B / s^2, sqrt(B) / s), contraction 1 - w if w < 1; nearest:
///          contraction 1 - B / (4 s^2) if that is above 0.
///          max: variance w = (sqrt(1 + (B - 1) / s^2) - 1) / 2, contraction 1 - w if w < 1;
///          nearest: contraction 1 - (B - 1) / (4 s^2) if that is above 0. With clip: none.
///          A bucket whose range or norm no T holds is decoded with the largest that fits.
/// Bias     stochastic: none, but for what clip and deviation cut off. nearest: deterministic, so
///          biased: use under error feedback.
/// Cost     one read of x, two passes over each bucket in the cache; stochastic: one random block
///          per element; no scratch. coding=elias: elias_message.h.
/// Throws   open: WireError for a wrong length, padding, or statistics that are negative or
///          lead to values that are not finite; coding=elias: a level above s.
/// Source   minmax: Markov et al. 2022, "CGX", arXiv:2111.08617; deviation: Seide et al. 2014,
///          "1-Bit Stochastic Gradient Descent", and its authors' program CNTK; qsgd: Alistarh et
///          al. 2017, "QSGD", arXiv:1610.02132; max: Wen et al. 2017, "TernGrad",
///          arXiv:1705.07878.
template <Element T>
std::unique_ptr<MessageCompressor<T>> make_quantize(const Spec& spec);

}  // namespace pith
