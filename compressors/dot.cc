// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/dot.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/compressors/dot.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#ifndef PITH_COMPRESSORS_DOT_LOOPS
#define PITH_COMPRESSORS_DOT_LOOPS
namespace pith {

template <class T>
struct DotLoops {
  double (*dot)(const T* x, const T* y, std::size_t n);
  void (*scale)(T* x, double factor, std::size_t n);
};

}  // namespace pith
#endif

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

template <std::size_t N>
double fold(double (&sums)[N]) {
  for (std::size_t half = N / 2; half > 0; half /= 2) {
    for (std::size_t l = 0; l < half; ++l) sums[l] += sums[l + half];
  }
  return sums[0];
}

template <class T>
double dot_of_block(const T* x, const T* y, std::size_t n) {
  double sums[kDotStripes] = {};
  const std::size_t whole = n - n % kDotStripes;
  for (std::size_t i = 0; i < whole; i += kDotStripes) {
    for (std::size_t l = 0; l < kDotStripes; ++l) sums[l] += double{x[i + l]} * double{y[i + l]};
  }
  for (std::size_t i = whole; i < n; ++i) sums[i - whole] += double{x[i]} * double{y[i]};
  return fold(sums);
}

template <class T>
double dot(const T* x, const T* y, std::size_t n) {
  double sums[kDotSums] = {};
  std::size_t next = 0;
  for (std::size_t i = 0; i < n; i += kDotBlock, next = (next + 1) % kDotSums) {
    sums[next] += dot_of_block(x + i, y + i, n - i < kDotBlock ? n - i : kDotBlock);
  }
  return fold(sums);
}

template <class T>
void scale(T* x, double factor, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<T>(double{x[i]} * factor);
}

template <class T>
constexpr DotLoops<T> kLoops{dot<T>, scale<T>};

const DotLoops<float>* float_loops() { return &kLoops<float>; }
const DotLoops<double>* double_loops() { return &kLoops<double>; }

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(float_loops);
HWY_EXPORT(double_loops);

template <Element T>
const DotLoops<T>& loops() {
  if constexpr (std::same_as<T, float>) {
    return *HWY_DYNAMIC_DISPATCH(float_loops)();
  } else {
    return *HWY_DYNAMIC_DISPATCH(double_loops)();
  }
}

}  // namespace

template <Element T>
double dot(std::span<const T> x, std::span<const T> y) {
  return loops<T>().dot(x.data(), y.data(), x.size());
}

template <Element T>
void scale_in_double(std::span<T> x, double factor) {
  loops<T>().scale(x.data(), factor, x.size());
}

template double dot<float>(std::span<const float>, std::span<const float>);
template double dot<double>(std::span<const double>, std::span<const double>);
template void scale_in_double<float>(std::span<float>, double);
template void scale_in_double<double>(std::span<double>, double);

}  // namespace pith
#endif
