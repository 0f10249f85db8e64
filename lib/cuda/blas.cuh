// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <pith/core/device_span.h>
#include <pith/cuda/device_scratch.h>

namespace pith::cuda {

/// A matrix on a device, columns one after the other.
template <class V>
struct ColumnMajor {
  V* values = nullptr;
  std::size_t rows = 0;
  std::size_t columns = 0;
};

enum class Transpose : bool { no, yes };

/// Makes what multiply() needs on the current device, for all threads, unless it is there. It takes
/// memory, so this comes before a step, and before a stream is captured. Throws DeviceError.
void prepare_blas();

/// c = op(a) b in plain float arithmetic, in an order of summation that is cuBLAS's own.
void multiply(Transpose op, ColumnMajor<const float> a, ColumnMajor<const float> b,
              ColumnMajor<float> c, DeviceScratch& scratch, DeviceStream stream);

}  // namespace pith::cuda
