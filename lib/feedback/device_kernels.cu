// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/device_source.cuh>
#include <pith/feedback/device_feedback.h>
#include <pith/feedback/device_followed.h>

namespace pith {
namespace {

constexpr std::size_t kPerThread = 4;

unsigned blocks_of(std::size_t n) { return cuda::blocks_for(n, kPerThread * cuda::kBlock); }

__global__ void add_and_give(const float* sent, float* mean, float* estimate, std::size_t n) {
  for (auto i = cuda::global_thread(); i < n; i += cuda::grid_threads()) {
    mean[i] += sent[i];
    estimate[i] = mean[i];
  }
}

__global__ void multiply(float a, float* x, std::size_t n) {
  for (auto i = cuda::global_thread(); i < n; i += cuda::grid_threads()) x[i] *= a;
}

__global__ void no_index(unsigned long long* first, std::size_t n) { *first = n; }

template <class Composed>
__global__ void lowest_non_finite(Composed x, unsigned long long* first) {
  for (auto i = cuda::global_thread(); i < x.size(); i += cuda::grid_threads()) {
    if (!isfinite(x.compose(i))) atomicMin(first, static_cast<unsigned long long>(i));
  }
}

template <class Composed>
__global__ void compose_one(Composed x, const unsigned long long* index, float* value) {
  *value = *index < x.size() ? x.compose(*index) : 0.0f;
}

template <class Composed>
__global__ void send_all(Composed x, float* out) {
  for (auto i = cuda::global_thread(); i < x.size(); i += cuda::grid_threads()) {
    const float u = x.compose(i);
    x.sent(i, u, u);
    out[i] = u;
  }
}

}  // namespace

void DeviceFollowed::absorb(DeviceSpan<const float> mean_sent, DeviceSpan<float> estimate,
                            DeviceStream stream) {
  const std::size_t n = mean_sent.size();
  cuda::launch(add_and_give, blocks_of(n), cuda::kBlock, stream, mean_sent.data(),
               mean_.span().data(), estimate.data(), n);
}

void scale(float a, DeviceSpan<float> x, DeviceStream stream) {
  cuda::launch(multiply, blocks_of(x.size()), cuda::kBlock, stream, a, x.data(), x.size());
}

void find_non_finite(const DeviceSource& x, unsigned long long* first, float* value,
                     DeviceStream stream) {
  with_composer(x, [&](auto composer) {
    using Composed = decltype(composer);
    cuda::launch(no_index, 1, 1, stream, first, x.size);
    cuda::launch(lowest_non_finite<Composed>, blocks_of(x.size), cuda::kBlock, stream, composer,
                 first);
    cuda::launch(compose_one<Composed>, 1, 1, stream, composer, first, value);
  });
}

void send_exactly(const DeviceSource& x, DeviceSpan<float> out, DeviceStream stream) {
  with_composer(x, [&](auto composer) {
    cuda::launch(send_all<decltype(composer)>, blocks_of(x.size), cuda::kBlock, stream, composer,
                 out.data());
  });
}

}  // namespace pith
