// SPDX-License-Identifier: Apache-2.0
#include "data.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <pith/core/error.h>
#include <pith/core/random.h>
#include <pith/core/vector.h>

namespace pith::bench {
namespace {

constexpr std::size_t kRun = std::size_t{1} << 20;
constexpr int kScales = 7;
constexpr std::size_t kPeriod = 4096;
constexpr std::size_t kSparsity = 100;
constexpr double kSpike = 1e6;

// Every `stride`-th element, beginning with the first.
template <Element T>
void fill_normal(std::span<T> x, std::uint64_t seed, int rank, std::size_t stride = 1) {
  const Random random({.seed = seed, .rank = static_cast<std::uint32_t>(rank)});
  for (std::size_t i = 0; i < x.size(); i += stride) {
    const int scale = -static_cast<int>(i / kRun % kScales);
    x[i] = static_cast<T>(std::ldexp(random.normal(i), scale));
  }
}

template <Element T>
void repeat(std::span<T> x, std::size_t period) {
  for (std::size_t i = period; i < x.size(); ++i) x[i] = x[i - period];
}

template <Element T>
void read(const std::string& path, std::span<T> x) {
  std::ifstream file(path, std::ios::binary);
  std::size_t count = 0;
  for (float value = 0; count < x.size(); ++count) {
    if (!file.read(reinterpret_cast<char*>(&value), sizeof(value))) break;
    x[count] = static_cast<T>(value);
  }
  if (count == 0) {
    throw UsageError(
        "data " + path +
        ": expected gaussian, heavy, sorted, periodic, constant, spike, zeros or the path of "
        "a file of float32 values");
  }
  if (!all_finite(std::span<const T>(x.first(count)))) {
    throw UsageError("data " + path + ": it holds a NaN or an infinity");
  }
  repeat(x, count);
}

template <Element T>
void fill(const std::string& kind, std::span<T> x, std::uint64_t seed, int rank) {
  if (kind == "constant") {
    std::ranges::fill(x, T(1));
  } else if (kind == "zeros") {
    fill_normal(x, seed, rank, kSparsity);
  } else if (kind == "periodic") {
    fill_normal(x.first(std::min(x.size(), kPeriod)), seed, rank);
    repeat(x, kPeriod);
  } else if (kind == "gaussian" || kind == "heavy" || kind == "sorted" || kind == "spike") {
    fill_normal(x, seed, rank);
    if (kind == "heavy") std::ranges::transform(x, x.begin(), [](T v) { return v * v * v; });
    if (kind == "sorted") std::ranges::sort(x);
    if (kind == "spike") x[x.size() / 2] = static_cast<T>(kSpike);
  } else {
    read(kind, x);
  }
}

}  // namespace

template <Element T>
Gradients<T>::Gradients(const std::string& kind, std::size_t n, std::uint64_t seed, int rank)
    : n_(n), values_(n + (kViews - 1) * kShift) {
  fill<T>(kind, values_, seed, rank);
}

template class Gradients<float>;
template class Gradients<double>;

}  // namespace pith::bench
