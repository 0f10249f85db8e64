// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <limits>

#include <pith/compressors/dct.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/compressors/dct.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#ifndef PITH_COMPRESSORS_DCT_LOOPS
#define PITH_COMPRESSORS_DCT_LOOPS
namespace pith {

inline constexpr std::size_t kDctStripe = 16;  // products of a row are added so many at a time

/// Numbers in a row of h, padded to whole stripes.
constexpr std::size_t padded_row(std::size_t h) {
  return (h + kDctStripe - 1) / kDctStripe * kDctStripe;
}

constexpr bool is_halved(std::size_t m) { return m % 2 == 0 && m > kDctStripe; }

/// Numbers of a matrix with h rows and columns.
constexpr std::size_t matrix_size(std::size_t h) { return h * padded_row(h); }

template <class T>
struct DctLoops {
  void (*forward)(const T* matrices, std::size_t m, const T* x, std::size_t n, T* c);
  void (*inverse)(const T* matrices, std::size_t m, const T* c, T* x, std::size_t n);
};

}  // namespace pith
#endif

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

constexpr std::size_t kVectorBytes = HWY_HAVE_SCALABLE || HWY_MAX_BYTES < 16 ? 16 : HWY_MAX_BYTES;

// Neither compiler keeps an array of sums in registers unless it is one of vectors.
template <class T>
struct Vectors {
  static constexpr std::size_t kLanes = kVectorBytes / sizeof(T);
  static constexpr std::size_t kCount = kDctStripe / kLanes;
  typedef T Vector [[gnu::vector_size(kVectorBytes)]];
  typedef T Unaligned [[gnu::vector_size(kVectorBytes), gnu::aligned(sizeof(T)), gnu::may_alias]];
};

// Every stride-th number, times a factor.
template <class T>
struct Strided {
  const T* x;
  std::size_t stride;
  T factor;

  HWY_INLINE T operator[](std::size_t j) const { return x[j * stride] * factor; }
};

// The sum of x[j] times the stripes of S * 16 columns of row j.
template <class T, std::size_t S>
HWY_INLINE void multiply_stripes(const T* matrix, std::size_t h, Strided<T> x, T* out) {
  using V = Vectors<T>;
  const std::size_t row = padded_row(h);
  typename V::Vector sums[S * V::kCount] = {};
  for (std::size_t j = 0; j < h; ++j) {
#pragma GCC unroll 32
    for (std::size_t v = 0; v < S * V::kCount; ++v) {
      sums[v] +=
          x[j] * *reinterpret_cast<const typename V::Unaligned*>(matrix + j * row + v * V::kLanes);
    }
  }
#pragma GCC unroll 32
  for (std::size_t v = 0; v < S * V::kCount; ++v) {
    *reinterpret_cast<typename V::Unaligned*>(out + v * V::kLanes) = sums[v];
  }
}

// out = x times a matrix of h rows; out has room for a whole last stripe.
template <class T>
void multiply(const T* matrix, std::size_t h, Strided<T> x, T* out) {
  std::size_t stripe = 0;
  for (; stripe + 2 * kDctStripe <= padded_row(h); stripe += 2 * kDctStripe) {
    multiply_stripes<T, 2>(matrix + stripe, h, x, out + stripe);
  }
  if (stripe < padded_row(h)) multiply_stripes<T, 1>(matrix + stripe, h, x, out + stripe);
}

// By so much numbers are made smaller on their way through, that no sum of them is infinite.
template <class T>
T shrink(std::size_t m) {
  return T{1} / static_cast<T>(std::bit_ceil(2 * m));
}

template <class T>
HWY_INLINE T grown(T x, T factor) {
  constexpr T kMax = std::numeric_limits<T>::max();
  return std::min(std::max(x * factor, -kMax), kMax);
}

template <class T>
void forward(const T* matrices, std::size_t m, const T* x, std::size_t n, T* c) {
  constexpr std::size_t kRoom = Dct<T>::kMost + kDctStripe;
  T sums[kRoom], differences[kRoom], products[kRoom];
  const T down = shrink<T>(m);
  const T up = 1 / down;
  for (std::size_t i = 0; i < n; ++i) sums[i] = x[i] * down;
  for (std::size_t i = n; i < m; ++i) sums[i] = 0;
  std::size_t stride = 1;
  for (; is_halved(m); m /= 2, stride *= 2) {
    const std::size_t h = m / 2;
    for (std::size_t i = 0; i < h; ++i) differences[i] = sums[i] - sums[m - 1 - i];
    for (std::size_t i = 0; i < h; ++i) sums[i] += sums[m - 1 - i];
    multiply<T>(matrices, h, {differences, 1, T{1}}, products);
    for (std::size_t j = 0; j < h; ++j) c[(2 * j + 1) * stride] = grown(products[j], up);
    matrices += matrix_size(h);
  }
  multiply<T>(matrices, m, {sums, 1, T{1}}, products);
  for (std::size_t j = 0; j < m; ++j) c[j * stride] = grown(products[j], up);
}

// The steps of forward(), transposed and in the opposite order: sums[0..m) are those of the
// transform of size m, beginning with the smallest.
template <class T>
void inverse(const T* matrices, std::size_t size, const T* c, T* x, std::size_t n) {
  constexpr std::size_t kRoom = Dct<T>::kMost + kDctStripe;
  T sums[kRoom], differences[kRoom];
  const T down = shrink<T>(size);
  std::size_t m = size;
  std::size_t stride = 1;
  for (; is_halved(m); m /= 2, stride *= 2) matrices += matrix_size(m / 2);
  multiply<T>(matrices + matrix_size(m), m, {c, stride, down}, sums);
  for (; stride > 1; m *= 2, stride /= 2) {
    matrices -= matrix_size(m);
    multiply<T>(matrices, m, {c + stride / 2, stride, down}, differences);
    for (std::size_t i = 0; i < m; ++i) sums[2 * m - 1 - i] = sums[i] - differences[i];
    for (std::size_t i = 0; i < m; ++i) sums[i] += differences[i];
  }
  for (std::size_t i = 0; i < n; ++i) x[i] = grown(sums[i], 1 / down);
}

template <class T>
constexpr DctLoops<T> kLoops{forward<T>, inverse<T>};

const DctLoops<float>* float_loops() { return &kLoops<float>; }
const DctLoops<double>* double_loops() { return &kLoops<double>; }

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(float_loops);
HWY_EXPORT(double_loops);

template <Element T>
const DctLoops<T>& loops() {
  if constexpr (std::same_as<T, float>) {
    return *HWY_DYNAMIC_DISPATCH(float_loops)();
  } else {
    return *HWY_DYNAMIC_DISPATCH(double_loops)();
  }
}

// Taylor's series, for angles up to pi/4: the cosine, or with first = 1 the sine divided by x.
double series(double x, unsigned first) {
  double sum = 1;
  for (unsigned k = first + 20; k > first; k -= 2) sum = 1 - sum * (x * x) / (k * (k - 1.0));
  return sum;
}

// Appends a matrix of h rows.
template <Element T, class Entry>
void append(std::size_t h, const Entry& entry, std::vector<T>& matrices) {
  for (std::size_t i = 0; i < h; ++i) {
    for (std::size_t k = 0; k < padded_row(h); ++k) {
      matrices.push_back(k < h ? static_cast<T>(entry(i, k)) : T{0});
    }
  }
}

}  // namespace

// Angles above pi/4 are told by their complements, so that no cosine is taken where it is steep.
double quarter_cosine(std::size_t numerator, std::size_t denominator) {
  std::size_t part = numerator % (4 * denominator);
  if (part > 2 * denominator) part = 4 * denominator - part;
  if (part > denominator) return -quarter_cosine(2 * denominator - part, denominator);
  const double pi = 3.14159265358979323846;
  const auto angle = [&](std::size_t n) {
    return pi * static_cast<double>(n) / (2 * static_cast<double>(denominator));
  };
  if (2 * part <= denominator) return series(angle(part), 0);
  const double x = angle(denominator - part);
  return x * series(x, 1);
}

// The matrix of the odd coefficients, which is its own transpose, for each halving; then that of
// what remains, and its transpose.
template <Element T>
Dct<T>::Dct(std::size_t m) : m_(m) {
  const double scale = std::sqrt(2 / static_cast<double>(m_));
  const double first = std::sqrt(1 / static_cast<double>(m_));
  for (; is_halved(m); m /= 2) {
    const auto odd = [=](auto i, auto j) {
      return scale * quarter_cosine((2 * i + 1) * (2 * j + 1), m);
    };
    append<T>(m / 2, odd, matrices_);
  }
  const auto rest = [=](auto i, auto k) {
    return k == 0 ? first : scale * quarter_cosine((2 * i + 1) * k, m);
  };
  append<T>(m, rest, matrices_);
  append<T>(
      m, [=](auto k, auto i) { return rest(i, k); }, matrices_);
}

template <Element T>
void Dct<T>::forward(std::span<const T> x, std::span<T> c) const {
  loops<T>().forward(matrices_.data(), m_, x.data(), x.size(), c.data());
}

template <Element T>
void Dct<T>::inverse(std::span<const T> c, std::span<T> x) const {
  loops<T>().inverse(matrices_.data(), m_, c.data(), x.data(), x.size());
}

template class Dct<float>;
template class Dct<double>;

}  // namespace pith
#endif
