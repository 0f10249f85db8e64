// SPDX-License-Identifier: Apache-2.0
#include <pith/collectives/device_average.cuh>
#include <pith/compressors/device_sweep.cuh>
#include <pith/compressors/rounding.cuh>
#include <pith/core/half.h>

namespace pith {
namespace {

__global__ void look_at(Composer<Composing::gradient> x, DeviceFault* fault) {
  sweep(x, fault, [](std::size_t, float) {});
}

template <class Composed, class Number>
__global__ void narrow(Composed x, ElementType type, Number* out, DeviceFault* fault) {
  sweep(x, fault, [&](std::size_t i, float u) {
    const float number = narrowed(type, u);
    out[i] = to_number<Number>(number);
    x.sent(i, u, number);
  });
}

template <class Number>
__global__ void widen(const Number* x, float* out, std::size_t n, DeviceFault* fault) {
  bool finite = true;
#pragma unroll 4
  for (auto i = cuda::global_thread(); i < n; i += cuda::grid_threads()) {
    const float value = to_float(x[i]);
    finite = finite && isfinite(value);
    out[i] = value;
  }
  if (!finite) fault->non_finite = 1;
}

DeviceSource as_it_is(DeviceSpan<const float> x) {
  DeviceSource source;
  source.size = x.size();
  source.gradient = x.data();
  return source;
}

template <class Number>
void average_as(const DeviceSource& x, ElementType type, DeviceSpan<float> mean,
                const DeviceRound& round) {
  const cuda::DeviceScratch::Frame frame(round.scratch);
  const auto numbers = round.scratch.take<Number>(x.size);
  with_composer(x, [&](auto composer) {
    cuda::launch(narrow<decltype(composer), Number>, sweep_blocks(x.size), cuda::kBlock,
                 round.stream, composer, type, numbers.data(), round.fault);
  });
  round.communicator.all_reduce_mean(numbers, round.divisor, round.stream);
  cuda::launch(widen<Number>, sweep_blocks(x.size), cuda::kBlock, round.stream, numbers.data(),
               mean.data(), x.size, round.fault);
}

}  // namespace

void average(DeviceSpan<float> x, ElementType type, const DeviceRound& round) {
  if (type != ElementType::float32) return average_rounded(as_it_is(x), type, x, round);
  round.communicator.all_reduce_mean(x, round.divisor, round.stream);
  cuda::launch(look_at, sweep_blocks(x.size()), cuda::kBlock, round.stream,
               Composer<Composing::gradient>{as_it_is(x)}, round.fault);
}

void average_rounded(const DeviceSource& x, ElementType type, DeviceSpan<float> mean,
                     const DeviceRound& round) {
  if (type == ElementType::float16) {
    average_as<Half>(x, type, mean, round);
  } else {
    average_as<BFloat16>(x, type, mean, round);
  }
}

}  // namespace pith
