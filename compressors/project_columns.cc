// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/compressors/skinny.h>
#include <pith/compressors/skinny_parts.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/compressors/project_columns.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#ifndef PITH_COMPRESSORS_PROJECT_COLUMNS
#define PITH_COMPRESSORS_PROJECT_COLUMNS
namespace pith {

template <class T>
using ProjectColumns = void (*)(Block<const T> m, Block<const T> p, Block<T> q);

// A row of a block is a page long, so that each page of m is visited once.
template <class T>
constexpr std::size_t kBlockColumns = 4096 / sizeof(T);

}  // namespace pith
#endif

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

// sums += the part of R rows of m, one after the other.
template <class T, std::size_t R, std::size_t K>
void add_rows(const T* m, std::size_t m_stride, const T* p, std::size_t p_stride,
              T (&sums)[K][kBlockColumns<T>], std::size_t columns) {
  T weight[R][K];
  for (std::size_t i = 0; i < R; ++i) {
    for (std::size_t k = 0; k < K; ++k) weight[i][k] = p[k * p_stride + i];
  }
  for (std::size_t c = 0; c < columns; ++c) {
    T sum[K];
#pragma GCC unroll 16
    for (std::size_t k = 0; k < K; ++k) sum[k] = sums[k][c];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < R; ++i) {
#pragma GCC unroll 16
      for (std::size_t k = 0; k < K; ++k) sum[k] += weight[i][k] * m[i * m_stride + c];
    }
#pragma GCC unroll 16
    for (std::size_t k = 0; k < K; ++k) sums[k][c] = sum[k];
  }
}

// The sums stay in the cache nearest to the core while the rows pass by.
template <class T, std::size_t K>
void project_columns(Block<const T> m, Block<const T> p, Block<T> q) {
  constexpr std::size_t kRows = 4;
  T sums[K][kBlockColumns<T>];
  for (std::size_t k = 0; k < K; ++k) std::fill_n(sums[k], m.columns, T{0});
  std::size_t i = 0;
  for (; i + kRows <= m.rows; i += kRows) {
    add_rows<T, kRows, K>(m.row(i), m.stride, p.values + i, p.stride, sums, m.columns);
  }
  for (; i < m.rows; ++i) {
    add_rows<T, 1, K>(m.row(i), m.stride, p.values + i, p.stride, sums, m.columns);
  }
  for (std::size_t k = 0; k < K; ++k) {
    T* const out = q.row(k);
    for (std::size_t c = 0; c < m.columns; ++c) out[c] += sums[k][c];
  }
}

template <class T>
constexpr std::array<ProjectColumns<T>, kKernelRanks.size()> kKernels{
    project_columns<T, kKernelRanks[0]>, project_columns<T, kKernelRanks[1]>,
    project_columns<T, kKernelRanks[2]>, project_columns<T, kKernelRanks[3]>};

const ProjectColumns<float>* float_kernels() { return kKernels<float>.data(); }
const ProjectColumns<double>* double_kernels() { return kKernels<double>.data(); }

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(float_kernels);
HWY_EXPORT(double_kernels);

template <Element T>
const ProjectColumns<T>* kernels() {
  if constexpr (std::same_as<T, float>) {
    return HWY_DYNAMIC_DISPATCH(float_kernels)();
  } else {
    return HWY_DYNAMIC_DISPATCH(double_kernels)();
  }
}

}  // namespace

template <Element T>
void project_columns(Matrix<const T> m, Matrix<const T> p, Matrix<T> q, std::size_t first) {
  const auto* const kernel = kernels<T>();
  for (std::size_t i = 0; i < m.rows; i += kSummedRows) {
    const std::size_t rows = std::min(kSummedRows, m.rows - i);
    for (std::size_t j = 0; j < m.columns; j += kBlockColumns<T>) {
      const std::size_t columns = std::min(kBlockColumns<T>, m.columns - j);
      for_each_rank_part(q.rows, [&](std::size_t k, std::size_t from, std::size_t count) {
        kernel[k](block(m, i, rows, j, columns), block(p, from, count, first + i, rows),
                  block(q, from, count, j, columns));
      });
    }
  }
}

template void project_columns(Matrix<const float>, Matrix<const float>, Matrix<float>, std::size_t);
template void project_columns(Matrix<const double>, Matrix<const double>, Matrix<double>,
                              std::size_t);

}  // namespace pith
#endif
