// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>

#include <hwy/cache_control.h>

#include <pith/compressors/skinny.h>
#include <pith/compressors/skinny_parts.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/compressors/project_rows.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#ifndef PITH_COMPRESSORS_PROJECT_ROWS
#define PITH_COMPRESSORS_PROJECT_ROWS
namespace pith {

// Few enough to be in the cache still when the next rows of q come.
inline constexpr std::size_t kRowsAtOnce = 16;

template <class T>
using ProjectRows = void (*)(Block<const T> m, Block<const T> q, Block<T> p);

}  // namespace pith
#endif

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

constexpr std::size_t kStripes = 16;
constexpr std::size_t kShort = 40;
constexpr std::size_t kVectorBytes = HWY_HAVE_SCALABLE || HWY_MAX_BYTES < 16 ? 16 : HWY_MAX_BYTES;

// Neither compiler keeps an array of sums in registers unless it is one of vectors.
template <class T>
struct Vectors {
  static constexpr std::size_t kLanes = kVectorBytes / sizeof(T);
  static constexpr std::size_t kCount = kStripes / kLanes;
  typedef T Vector [[gnu::vector_size(kVectorBytes)]];
  typedef T Unaligned [[gnu::vector_size(kVectorBytes), gnu::aligned(sizeof(T)), gnu::may_alias]];
};

// The partial sums of R rows of m with K rows of q.
template <class T, std::size_t R, std::size_t K>
struct Sums {
  using V = Vectors<T>;
  typename V::Vector of[R][K][V::kCount] = {};

  // 16 elements of each row.
  HWY_INLINE void add(const T* m, std::size_t m_stride, const T* q, std::size_t q_stride) {
#pragma GCC unroll 16
    for (std::size_t v = 0; v < V::kCount; ++v) {
      typename V::Vector x[R];
#pragma GCC unroll 16
      for (std::size_t i = 0; i < R; ++i) x[i] = load(m + i * m_stride, v);
#pragma GCC unroll 16
      for (std::size_t k = 0; k < K; ++k) {
        const typename V::Vector y = load(q + k * q_stride, v);
#pragma GCC unroll 16
        for (std::size_t i = 0; i < R; ++i) of[i][k][v] += x[i] * y;
      }
    }
  }

  static HWY_INLINE typename V::Vector load(const T* x, std::size_t v) {
    return *reinterpret_cast<const typename V::Unaligned*>(x + v * V::kLanes);
  }
};

template <class T, std::size_t N>
void add_stripes(T (&sums)[N][kStripes]) {
  for (std::size_t half = kStripes / 2; half > 0; half /= 2) {
    for (auto& stripes : sums) {
      for (std::size_t l = 0; l < half; ++l) stripes[l] += stripes[l + half];
    }
  }
}

// Zeros in place of the elements that are missing change no sum.
template <class T, std::size_t N>
void pad(const T* x, std::size_t stride, std::size_t count, T (&padded)[N][kStripes]) {
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t l = 0; l < count; ++l) padded[i][l] = x[i * stride + l];
    for (std::size_t l = count; l < kStripes; ++l) padded[i][l] = 0;
  }
}

// Rows of a large matrix are more than a page apart: hardware alone is late at each.
template <class T, std::size_t R>
HWY_INLINE void prefetch(const T* m, std::size_t stride) {
  constexpr std::size_t kAhead = 1024 / sizeof(T);
  for (std::size_t i = 0; i < R; ++i) hwy::Prefetch(m + i * stride + kAhead);
}

template <class T, std::size_t R, std::size_t K>
void project_some(const T* m, std::size_t m_stride, Block<const T> q, T* p, std::size_t p_stride) {
  const std::size_t whole = q.columns - q.columns % kStripes;
  Sums<T, R, K> sums;
  for (std::size_t c = 0; c < whole; c += kStripes) {
    prefetch<T, R>(m + c, m_stride);
    sums.add(m + c, m_stride, q.values + c, q.stride);
  }
  if (whole < q.columns) {
    T m_end[R][kStripes], q_end[K][kStripes];
    pad(m + whole, m_stride, q.columns - whole, m_end);
    pad(q.values + whole, q.stride, q.columns - whole, q_end);
    sums.add(m_end[0], kStripes, q_end[0], kStripes);
  }
  T stripes[R * K][kStripes];
  std::memcpy(stripes, sums.of, sizeof stripes);
  add_stripes(stripes);
  for (std::size_t i = 0; i < R; ++i) {
    for (std::size_t k = 0; k < K; ++k) p[k * p_stride + i] = stripes[i * K + k][0];
  }
}

template <class T>
using Row16 = T[kRowsAtOnce];

template <class T>
HWY_INLINE void add_product(const Row16<T>& x, T y, Row16<T>& sums) {
  for (std::size_t i = 0; i < kRowsAtOnce; ++i) sums[i] += x[i] * y;
}

template <class T>
HWY_INLINE void add(const Row16<T>& x, Row16<T>& sums) {
  for (std::size_t i = 0; i < kRowsAtOnce; ++i) sums[i] += x[i];
}

// Measured: otherwise rows are faster as they lie.
constexpr bool is_short(std::size_t columns) {
  return columns <= kStripes || (columns <= kShort && columns % kStripes != 0);
}

// The same for up to 16 rows that are short: now they are the vector, and no sum ends in pieces.
// Partial sums without an element are left out: they are zero, and no sum is the -0 that would show
// it.
template <class T>
void project_short(Block<const T> m, Block<const T> q, Block<T> p) {
  const std::size_t used = std::min(m.columns, kStripes);
  T x[kShort][kRowsAtOnce];
  for (std::size_t i = 0; i < kRowsAtOnce; ++i) {
    const T* const row = m.row(std::min(i, m.rows - 1));
    for (std::size_t c = 0; c < m.columns; ++c) x[c][i] = row[c];
  }
  for (std::size_t k = 0; k < q.rows; ++k) {
    T sums[kStripes][kRowsAtOnce];
    for (std::size_t l = 0; l < used; ++l) std::fill_n(sums[l], kRowsAtOnce, T{0});
    for (std::size_t c = 0; c < m.columns; ++c) add_product(x[c], q.row(k)[c], sums[c % kStripes]);
    for (std::size_t half = kStripes / 2; half > 0; half /= 2) {
      for (std::size_t l = 0; l < half && l + half < used; ++l) add(sums[l + half], sums[l]);
    }
    std::copy_n(sums[0], m.rows, p.row(k));
  }
}

// Several rows share what is loaded of q; that is worth more than having all sums in registers.
template <class T, std::size_t K>
void project_rows(Block<const T> m, Block<const T> q, Block<T> p) {
  constexpr std::size_t kRows = 4;
  if (is_short(q.columns)) return project_short<T>(m, q, p);
  std::size_t i = 0;
  for (; i + kRows <= m.rows; i += kRows) {
    project_some<T, kRows, K>(m.row(i), m.stride, q, p.values + i, p.stride);
  }
  for (; i < m.rows; ++i) project_some<T, 1, K>(m.row(i), m.stride, q, p.values + i, p.stride);
}

template <class T>
constexpr std::array<ProjectRows<T>, kKernelRanks.size()> kKernels{
    project_rows<T, kKernelRanks[0]>, project_rows<T, kKernelRanks[1]>,
    project_rows<T, kKernelRanks[2]>, project_rows<T, kKernelRanks[3]>};

const ProjectRows<float>* float_kernels() { return kKernels<float>.data(); }
const ProjectRows<double>* double_kernels() { return kKernels<double>.data(); }

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(float_kernels);
HWY_EXPORT(double_kernels);

template <Element T>
const ProjectRows<T>* kernels() {
  if constexpr (std::same_as<T, float>) {
    return HWY_DYNAMIC_DISPATCH(float_kernels)();
  } else {
    return HWY_DYNAMIC_DISPATCH(double_kernels)();
  }
}

}  // namespace

template <Element T>
void project_rows(Matrix<const T> m, Matrix<const T> q, Matrix<T> p, std::size_t first) {
  const auto* const kernel = kernels<T>();
  for (std::size_t i = 0; i < m.rows; i += kRowsAtOnce) {
    const std::size_t rows = std::min(kRowsAtOnce, m.rows - i);
    for_each_rank_part(q.rows, [&](std::size_t k, std::size_t from, std::size_t count) {
      kernel[k](block(m, i, rows, 0, m.columns), block(q, from, count, 0, q.columns),
                block(p, from, count, first + i, rows));
    });
  }
}

template void project_rows(Matrix<const float>, Matrix<const float>, Matrix<float>, std::size_t);
template void project_rows(Matrix<const double>, Matrix<const double>, Matrix<double>, std::size_t);

}  // namespace pith
#endif
