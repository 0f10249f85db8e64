// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <type_traits>

#include <pith/compressors/device_message.h>
#include <pith/core/device_span.h>
#include <pith/core/random.h>
#include <pith/cuda/device_scratch.h>

// The loops of skinny.h and orthonormalise.h over matrices on a device.
namespace pith {

/// Matrix (matrix.h) on a device.
template <class V>
struct DeviceMatrix {
  V* values = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;

  std::size_t size() const { return rows * columns; }
  template <class U>
  requires(std::is_same_v<U, const V> && !std::is_const_v<V>) operator DeviceMatrix<U>() const {
    return {values, rows, columns};
  }
};

/// As many rows of the factors as the two kernels below take.
inline constexpr unsigned kMostKernelRank = 8;

/// m = what x composes, kept as not sent yet, and p = q m^T with the bits of the host's
/// project_rows(). m is written to `composed`, unless that is null. What is not finite is noted.
void compose_and_project_rows(const DeviceSource& x, float* composed, DeviceMatrix<const float> q,
                              DeviceMatrix<float> p, DeviceFault* fault, DeviceStream stream);

/// q = p m with the bits of the host's project_columns().
void project_columns(DeviceMatrix<const float> m, DeviceMatrix<const float> p,
                     DeviceMatrix<float> q, cuda::DeviceScratch& scratch, DeviceStream stream);

/// p = q m^T and q = p m for any rank, by cuBLAS: what is averaged afterwards needs no order.
void project_rows_by_blas(DeviceMatrix<const float> m, DeviceMatrix<const float> q,
                          DeviceMatrix<float> p, cuda::DeviceScratch& scratch, DeviceStream stream);
void project_columns_by_blas(DeviceMatrix<const float> m, DeviceMatrix<const float> p,
                             DeviceMatrix<float> q, cuda::DeviceScratch& scratch,
                             DeviceStream stream);

/// m += a p^T q, and m = 0 + p^T q: the bits of the host's add_product().
void add_product(float a, DeviceMatrix<const float> p, DeviceMatrix<const float> q, float* m,
                 DeviceStream stream);
void write_product(DeviceMatrix<const float> p, DeviceMatrix<const float> q, float* m,
                   DeviceStream stream);

/// The bits of the host's orthonormalise(): by one block of threads, as its sums are short. At most
/// as many rows as columns.
void orthonormalise(DeviceMatrix<float> vectors, const Random& random, std::uint64_t first,
                    DeviceStream stream);

}  // namespace pith
