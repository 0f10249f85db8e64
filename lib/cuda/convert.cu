// SPDX-License-Identifier: Apache-2.0
#include <pith/cuda/convert.h>
#include <pith/cuda/launch.cuh>

namespace pith::cuda {
namespace {

constexpr std::size_t kPerThread = 4;

template <class Number>
__global__ void widen_all(const Number* x, float* out, std::size_t n) {
#pragma unroll 4
  for (auto i = global_thread(); i < n; i += grid_threads()) out[i] = to_float(x[i]);
}

template <class Number>
__global__ void narrow_all(const float* x, Number* out, std::size_t n) {
#pragma unroll 4
  for (auto i = global_thread(); i < n; i += grid_threads()) out[i] = to_number<Number>(x[i]);
}

}  // namespace

template <class Number>
void widen(DeviceSpan<const Number> x, DeviceSpan<float> out, DeviceStream stream) {
  launch(widen_all<Number>, blocks_for(x.size(), kPerThread * kBlock), kBlock, stream, x.data(),
         out.data(), x.size());
}

template <class Number>
void narrow(DeviceSpan<const float> x, DeviceSpan<Number> out, DeviceStream stream) {
  launch(narrow_all<Number>, blocks_for(x.size(), kPerThread * kBlock), kBlock, stream, x.data(),
         out.data(), x.size());
}

template void widen(DeviceSpan<const Half>, DeviceSpan<float>, DeviceStream);
template void widen(DeviceSpan<const BFloat16>, DeviceSpan<float>, DeviceStream);
template void narrow(DeviceSpan<const float>, DeviceSpan<Half>, DeviceStream);
template void narrow(DeviceSpan<const float>, DeviceSpan<BFloat16>, DeviceStream);

}  // namespace pith::cuda
