// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include <pith/adaptive/magnitude_histogram.h>

namespace pith {
namespace {

template <Element T>
using Bits = std::conditional_t<std::same_as<T, float>, std::uint32_t, std::uint64_t>;

template <Element T>
constexpr Bits<T> kMagnitude = ~Bits<T>{0} >> 1;

}  // namespace

// The mean tells how far they can be spread to both sides alike: equal ones at a bin's end do not
// seem to be.
double MagnitudeBin::spread() const {
  const double mean = mean_square();
  return 2 * std::max(0.0, std::min(mean - low * low, high * high - mean));
}

double MagnitudeBin::least_squares(double share) const {
  return share * count * (mean_square() - (1 - share) * spread() / 2);
}

double MagnitudeBin::share_below(double magnitude) const {
  const double width = spread();
  const double above_least = magnitude * magnitude - (mean_square() - width / 2);
  if (width == 0) return above_least > 0 ? 1 : 0;
  return std::clamp(above_least / width, 0.0, 1.0);
}

double MagnitudeBin::mean() const {
  const double square = mean_square();
  if (square == 0) return 0;
  const double relative = spread() / square;
  return std::sqrt(square) * (1 - relative * relative / 96);
}

template <Element T>
MagnitudeHistogram<T>::MagnitudeHistogram(Scratch& scratch)
    : sums_(scratch.take<Sums>(kCopies * kBins)) {
  std::ranges::fill(sums_, Sums{0, 0});
}

template <Element T>
void MagnitudeHistogram<T>::add(std::span<const T> x) {
  typedef double Pair [[gnu::vector_size(16), gnu::may_alias]];
  static_assert(sizeof(Pair) == sizeof(Sums));
  auto* const sums = reinterpret_cast<Pair*>(sums_.data());
  const auto add_one = [&](std::size_t i) {
    const auto v = static_cast<double>(x[i]);
    const auto bin = (std::bit_cast<Bits<T>>(x[i]) & kMagnitude<T>) >> kShift;
    sums[kCopies * bin + i % kCopies] += Pair{1, v * v};
  };
  for (std::size_t i = 0; i < x.size(); ++i) add_one(i);
}

template <Element T>
std::span<const MagnitudeBin> MagnitudeHistogram<T>::bins(Scratch& scratch) const {
  const auto limit = [](std::size_t bin) {
    return static_cast<double>(std::bit_cast<T>(static_cast<Bits<T>>(bin) << kShift));
  };
  const auto out = scratch.take<MagnitudeBin>(kBins);
  std::size_t used = 0;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    MagnitudeBin all{};
    for (const Sums& sums : sums_.subspan(kCopies * bin, kCopies)) {
      all.count += sums.count;
      all.squares += sums.squares;
    }
    if (all.count == 0) continue;
    all.low = limit(bin);
    all.high = limit(bin + 1);
    out[used++] = all;
  }
  return out.first(used);
}

template class MagnitudeHistogram<float>;
template class MagnitudeHistogram<double>;

}  // namespace pith
