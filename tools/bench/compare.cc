// SPDX-License-Identifier: Apache-2.0
#include "compare.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace pith::bench {
namespace {

std::size_t count_unpaired(std::size_t a, std::size_t b) { return a > b ? a - b : b - a; }

}  // namespace

std::size_t count_different(std::span<const std::byte> result,
                            std::span<const std::byte> expected) {
  std::size_t count = count_unpaired(result.size(), expected.size());
  const std::size_t common = std::min(result.size(), expected.size());
  for (std::size_t i = 0; i < common; ++i) count += result[i] != expected[i] ? 1 : 0;
  return count;
}

template <Element T>
std::size_t count_wrong(std::span<const T> result, std::span<const T> expected, double allowed) {
  std::size_t count = count_unpaired(result.size(), expected.size());
  for (std::size_t i = 0; i < std::min(result.size(), expected.size()); ++i) {
    const double distance =
        std::abs(static_cast<double>(result[i]) - static_cast<double>(expected[i]));
    const bool same = std::memcmp(&result[i], &expected[i], sizeof(T)) == 0;
    const bool near = allowed > 0 && distance <= allowed;
    if (!std::isfinite(result[i]) || !(same || near)) ++count;
  }
  return count;
}

template <Element T>
double largest(std::span<const T> x) {
  double most = 0;
  for (const T value : x) most = std::max(most, std::abs(static_cast<double>(value)));
  return most;
}

template <Element T>
double relative_error(std::span<const T> x, std::span<const T> y) {
  double all = 0;
  double lost = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = static_cast<double>(x[i]) - static_cast<double>(y[i]);
    all += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    lost += difference * difference;
  }
  return all > 0 ? std::sqrt(lost / all) : 0;
}

#define PITH_INSTANTIATE(T)                                                         \
  template std::size_t count_wrong(std::span<const T>, std::span<const T>, double); \
  template double largest(std::span<const T>);                                      \
  template double relative_error(std::span<const T>, std::span<const T>);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith::bench
