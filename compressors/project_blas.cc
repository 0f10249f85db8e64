// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/skinny.cuh>
#include <pith/cuda/blas.cuh>

namespace pith {
namespace {

// The same memory: row after row it is the transpose of what it is column after column.
template <class V>
cuda::ColumnMajor<V> transposed(DeviceMatrix<V> m) {
  return {m.values, m.columns, m.rows};
}

}  // namespace

void project_rows_by_blas(DeviceMatrix<const float> m, DeviceMatrix<const float> q,
                          DeviceMatrix<float> p, cuda::DeviceScratch& scratch,
                          DeviceStream stream) {
  cuda::multiply(cuda::Transpose::yes, transposed(m), transposed(q), transposed(p), scratch,
                 stream);
}

void project_columns_by_blas(DeviceMatrix<const float> m, DeviceMatrix<const float> p,
                             DeviceMatrix<float> q, cuda::DeviceScratch& scratch,
                             DeviceStream stream) {
  cuda::multiply(cuda::Transpose::no, transposed(m), transposed(p), transposed(q), scratch, stream);
}

}  // namespace pith
