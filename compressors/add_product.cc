// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/compressors/skinny.h>
#include <pith/compressors/skinny_parts.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/compressors/add_product.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

#ifndef PITH_COMPRESSORS_ADD_PRODUCT
#define PITH_COMPRESSORS_ADD_PRODUCT
namespace pith {

template <class T>
using AddProduct = void (*)(T a, Block<const T> p, Block<const T> q, Block<T> m);

}  // namespace pith
#endif

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

// R rows of m share what is loaded of q.
template <class T, std::size_t R, std::size_t K>
void add_to_rows(T a, const T* p, std::size_t p_stride, Block<const T> q, T* HWY_RESTRICT m,
                 std::size_t m_stride) {
  T weight[R][K];
  for (std::size_t i = 0; i < R; ++i) {
    for (std::size_t k = 0; k < K; ++k) weight[i][k] = a * p[k * p_stride + i];
  }
  for (std::size_t c = 0; c < q.columns; ++c) {
    T y[K];
#pragma GCC unroll 16
    for (std::size_t k = 0; k < K; ++k) y[k] = q.values[k * q.stride + c];
#pragma GCC unroll 16
    for (std::size_t i = 0; i < R; ++i) {
      T x = m[i * m_stride + c];
#pragma GCC unroll 16
      for (std::size_t k = 0; k < K; ++k) x += weight[i][k] * y[k];
      m[i * m_stride + c] = x;
    }
  }
}

template <class T, std::size_t K>
void add_product(T a, Block<const T> p, Block<const T> q, Block<T> m) {
  constexpr std::size_t kRows = 4;
  std::size_t i = 0;
  for (; i + kRows <= m.rows; i += kRows) {
    add_to_rows<T, kRows, K>(a, p.values + i, p.stride, q, m.row(i), m.stride);
  }
  for (; i < m.rows; ++i) add_to_rows<T, 1, K>(a, p.values + i, p.stride, q, m.row(i), m.stride);
}

template <class T>
constexpr std::array<AddProduct<T>, kKernelRanks.size()> kKernels{
    add_product<T, kKernelRanks[0]>, add_product<T, kKernelRanks[1]>,
    add_product<T, kKernelRanks[2]>, add_product<T, kKernelRanks[3]>};

const AddProduct<float>* float_kernels() { return kKernels<float>.data(); }
const AddProduct<double>* double_kernels() { return kKernels<double>.data(); }

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(float_kernels);
HWY_EXPORT(double_kernels);

template <Element T>
const AddProduct<T>* kernels() {
  if constexpr (std::same_as<T, float>) {
    return HWY_DYNAMIC_DISPATCH(float_kernels)();
  } else {
    return HWY_DYNAMIC_DISPATCH(double_kernels)();
  }
}

}  // namespace

template <Element T>
void add_product(T a, Matrix<const T> p, Matrix<const T> q, std::span<T> m, std::size_t first) {
  // Few enough to be in the cache still when the next rows of the factors come.
  constexpr std::size_t kRows = 16;
  const auto* const kernel = kernels<T>();
  while (!m.empty()) {
    const std::size_t row = first / q.columns;
    const std::size_t column = first % q.columns;
    const std::size_t whole = column == 0 ? m.size() / q.columns : 0;
    const std::size_t rows = std::clamp<std::size_t>(whole, 1, kRows);
    const std::size_t columns = std::min(q.columns - column, m.size());  // fewer at either end
    for_each_rank_part(q.rows, [&](std::size_t k, std::size_t from, std::size_t count) {
      kernel[k](a, block(p, from, count, row, rows), block(q, from, count, column, columns),
                {m.data(), rows, columns, q.columns});
    });
    first += rows * columns;
    m = m.subspan(rows * columns);
  }
}

template void add_product(float, Matrix<const float>, Matrix<const float>, std::span<float>,
                          std::size_t);
template void add_product(double, Matrix<const double>, Matrix<const double>, std::span<double>,
                          std::size_t);

}  // namespace pith
#endif
