// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <pith/compressors/kmeans.h>

namespace pith {
namespace {

constexpr int kIterations = 4;

// A bin that is not empty.
struct Bin {
  double mean = 0;
  double count = 0;
  std::size_t number = 0;
};

struct Extent {
  double low = 0;
  double high = 0;
};

template <Element T>
Extent range_of(std::span<const T> values, std::size_t zeros) {
  if (values.empty()) return {};
  const auto [least, largest] = std::ranges::minmax(values);
  Extent range{static_cast<double>(least), static_cast<double>(largest)};
  if (zeros > 0) range = {std::min(range.low, 0.0), std::max(range.high, 0.0)};
  return range;
}

// A power of two that brings the largest magnitude near to 1.
double unit_of(const Extent& range) {
  const double largest = std::max(std::abs(range.low), std::abs(range.high));
  return largest == 0 ? 1 : std::ldexp(1.0, std::clamp(-std::ilogb(largest), -1000, 1000));
}

// Lloyd's iterations over bins.
class Lloyd {
 public:
  Lloyd(std::span<const Bin> bins, const Extent& range, std::size_t number)
      : bins_(bins), range_(range), number_(number) {
    for (std::size_t j = 0; j < number; ++j) {
      const double part = static_cast<double>(j) / static_cast<double>(number - 1);
      centroids_[j] = range.low + (range.high - range.low) * part;
    }
  }

  void iterate() {
    std::array<double, kMostClusters> sums{};
    std::array<double, kMostClusters> counts{};
    for (const Bin& bin : bins_) {
      const std::size_t j = nearest(bin.mean);
      sums[j] += bin.mean * bin.count;
      counts[j] += bin.count;
    }
    std::array<bool, kMostClusters> placed{};
    for (std::size_t j = 0; j < number_; ++j) {
      placed[j] = counts[j] > 0;
      if (placed[j]) centroids_[j] = std::clamp(sums[j] / counts[j], range_.low, range_.high);
    }
    for (std::size_t j = 0; j < number_; ++j) {
      if (!placed[j]) move(j, placed);
    }
    std::sort(centroids_.begin(), centroids_.begin() + static_cast<std::ptrdiff_t>(number_));
  }

  std::size_t nearest(double value) const {
    std::size_t best = 0;
    for (std::size_t j = 1; j < number_; ++j) {
      if (std::abs(value - centroids_[j]) < std::abs(value - centroids_[best])) best = j;
    }
    return best;
  }

  double centroid(std::size_t j) const { return centroids_[j]; }

 private:
  // To the bin that is farthest from the clusters that have a place; none is if all are exact.
  void move(std::size_t empty, std::array<bool, kMostClusters>& placed) {
    double farthest = 0;
    for (const Bin& bin : bins_) {
      const double distance = distance_to_placed(bin.mean, placed);
      if (distance <= farthest) continue;
      farthest = distance;
      centroids_[empty] = bin.mean;
    }
    placed[empty] = farthest > 0;
  }

  double distance_to_placed(double value, const std::array<bool, kMostClusters>& placed) const {
    double least = range_.high - range_.low;
    for (std::size_t j = 0; j < number_; ++j) {
      if (placed[j]) least = std::min(least, std::abs(value - centroids_[j]));
    }
    return least;
  }

  std::span<const Bin> bins_;
  Extent range_;
  std::size_t number_;
  std::array<double, kMostClusters> centroids_{};
};

// The bins that are not empty, of sums for all of them.
std::span<const Bin> means_of(std::span<Bin> sums, const Extent& range) {
  std::size_t used = 0;
  for (const Bin& bin : sums) {
    if (bin.count == 0) continue;
    const double mean = std::clamp(bin.mean / bin.count, range.low, range.high);
    sums[used++] = {mean, bin.count, bin.number};
  }
  return sums.first(used);
}

}  // namespace

template <Element T>
std::size_t KMeans<T>::bin(double value) const {
  const double position = (value * unit_ - low_) * bins_per_unit_;
  return std::min(kBins - 1, static_cast<std::size_t>(position));
}

template <Element T>
KMeans<T>::KMeans(std::span<const T> values, std::size_t zeros, std::size_t number,
                  Scratch& scratch)
    : number_(number) {
  const Scratch::Frame frame(scratch);
  Extent range = range_of(values, zeros);
  unit_ = unit_of(range);
  range = {range.low * unit_, range.high * unit_};
  low_ = range.low;
  if (range.high > range.low) bins_per_unit_ = kBins / (range.high - range.low);
  const auto sums = scratch.take<Bin>(kBins);
  for (std::size_t b = 0; b < kBins; ++b) sums[b] = {0, 0, b};
  for (const T value : values) {
    Bin& own = sums[bin(static_cast<double>(value))];
    own.mean += static_cast<double>(value) * unit_;
    own.count += 1;
  }
  if (zeros > 0) sums[bin(0)].count += static_cast<double>(zeros);
  const auto bins = means_of(sums, range);
  Lloyd lloyd(bins, range, number);
  for (int i = 0; i < kIterations; ++i) lloyd.iterate();
  for (const Bin& b : bins) labels_[b.number] = static_cast<std::uint8_t>(lloyd.nearest(b.mean));
  for (std::size_t j = 0; j < number; ++j) {
    centroids_[j] = static_cast<T>(lloyd.centroid(j) / unit_);
  }
}

template class KMeans<float>;
template class KMeans<double>;

}  // namespace pith
