// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include <pith/adaptive/magnitude_histogram.h>

namespace pith {
namespace {

constexpr std::size_t kMany = std::size_t{1} << 20;
constexpr std::size_t kFirstGuess = std::size_t{1} << 14;
constexpr std::size_t kCollected = 512;  // elements at a time
constexpr std::size_t kLine = 16;
constexpr std::size_t kOneLineIn = 16;
constexpr double kLargestShare = 1.0 / 64;

}  // namespace

// The mean tells how far they can be spread to both sides alike: equal ones at a bin's end do not
// seem to be.
double MagnitudeBin::spread() const {
  const double mean = mean_square();
  return 2 * std::max(0.0, std::min(mean - low * low, high * high - mean));
}

double MagnitudeBin::least_squares(double share) const {
  if (share == 0 || share == 1) return share * squares;
  return share * count * (mean_square() - (1 - share) * spread() / 2);
}

double MagnitudeBin::share_below(double magnitude) const {
  if (magnitude <= low || magnitude >= high) return magnitude <= low ? 0 : 1;
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
T MagnitudeHistogram<T>::magnitude_of(std::size_t bin) {
  return std::bit_cast<T>(static_cast<BitsOf<T>>(bin) << kShift);
}

template <Element T>
MagnitudeHistogram<T>::MagnitudeHistogram(std::size_t elements, Scratch& scratch)
    : counted_bins_(scratch.take<Bin>(kBins)), many_(elements >= kMany), next_guess_(kFirstGuess) {
  std::ranges::fill(counted_bins_, Bin{});
  if (!many_) return;
  standing_bins_ = scratch.take<Bin>(kBins);
  std::ranges::fill(standing_bins_, Bin{});
  const std::size_t room = kCollected + kCollectRoom;
  largest_ = {scratch.take<BitsOf<T>>(room), scratch.take<T>(room)};
}

template <Element T>
void MagnitudeHistogram<T>::add(std::span<const T> x) {
  for (std::size_t i = 0; i < x.size(); i += kCollected) {
    const auto part = x.subspan(i, std::min(kCollected, x.size() - i));
    if (many_ && seen_ >= next_guess_) guess_least();
    if (least_ == 0) {
      count(part);
    } else {
      largest_.count = 0;
      collect(part, 0, least_, largest_);
      count(largest_.values.first(largest_.count));
      add_lines(part);
    }
    seen_ += part.size();
  }
}

template <Element T>
void MagnitudeHistogram<T>::add_one(T x, std::size_t i, std::span<Bin> bins) {
  typedef double Pair [[gnu::vector_size(16), gnu::may_alias]];
  const auto v = static_cast<double>(x);
  *reinterpret_cast<Pair*>(&bins[magnitude(x) >> kShift].of[i % 2]) += Pair{1, v * v};
}

template <Element T>
void MagnitudeHistogram<T>::count(std::span<const T> x) {
  for (std::size_t i = 0; i < x.size(); ++i) add_one(x[i], i, counted_bins_);
  counted_ += x.size();
}

// Other lines in every call.
template <Element T>
void MagnitudeHistogram<T>::add_lines(std::span<const T> x) {
  const std::size_t first = seen_ / kCollected * 7 % kOneLineIn * kLine;
  for (std::size_t i = first; i < x.size(); i += kOneLineIn * kLine) {
    for (const T element : x.subspan(i, std::min(kLine, x.size() - i))) {
      if (magnitude(element) < least_) add_one(element, standing_++, standing_bins_);
    }
  }
}

template <Element T>
double MagnitudeHistogram<T>::weight() const {
  if (standing_ == 0) return 0;
  return static_cast<double>(seen_ - counted_) / static_cast<double>(standing_);
}

// The lower end of the bins that hold the largest elements so far; of none if there are too many in
// the last bin.
template <Element T>
void MagnitudeHistogram<T>::guess_least() {
  next_guess_ = 2 * seen_;
  const double weight = this->weight();
  double above = 0;
  std::size_t bin = kBins;
  for (; bin > 0; --bin) {
    above += counted_bins_[bin - 1].count() + weight * standing_bins_[bin - 1].count();
    if (above > kLargestShare * static_cast<double>(seen_)) break;
  }
  const std::uint64_t least = std::uint64_t{bin} << kShift;
  least_ = static_cast<BitsOf<T>>(std::min<std::uint64_t>(least, kMagnitudeBits<T>));
}

template <Element T>
std::span<const MagnitudeBin> MagnitudeHistogram<T>::bins(Scratch& scratch) const {
  const double weight = this->weight();
  const auto out = scratch.take<MagnitudeBin>(kBins);
  std::size_t used = 0;
  for (std::size_t bin = 0; bin < kBins; ++bin) {
    const Bin& counted = counted_bins_[bin];
    const Bin standing = many_ ? standing_bins_[bin] : Bin{};
    const double count = counted.count() + weight * standing.count();
    if (count == 0) continue;
    out[used++] = {.low = static_cast<double>(magnitude_of(bin)),
                   .high = static_cast<double>(magnitude_of(bin + 1)),
                   .count = count,
                   .squares = counted.squares() + weight * standing.squares()};
  }
  return out.first(used);
}

template class MagnitudeHistogram<float>;
template class MagnitudeHistogram<double>;

}  // namespace pith
