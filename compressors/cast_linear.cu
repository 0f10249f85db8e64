// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/device_linear.cuh>
#include <pith/compressors/device_sweep.cuh>
#include <pith/compressors/rounding.cuh>

namespace pith {
namespace {

template <class Composed>
__global__ void narrow(Composed x, ElementType type, float* out, DeviceFault* fault) {
  sweep(x, fault, [&](std::size_t i, float u) {
    const float number = narrowed(type, u);
    out[i] = 0.0f + number;
    x.sent(i, u, number);
  });
}

__global__ void add_to_zero(const float* x, float* mean, std::size_t n) {
  for (auto i = cuda::global_thread(); i < n; i += cuda::grid_threads()) mean[i] = 0.0f + x[i];
}

class DeviceCastLinear final : public DeviceLinearCompressor {
 public:
  explicit DeviceCastLinear(const CastLinear<float>& host) : host_(host) {}

  const LinearCompressor<float>& host() const override { return host_; }

  void factor(int, const DeviceSource& x, const RandomKey&, DeviceSpan<float> out,
              DeviceFault* fault, cuda::DeviceScratch&, DeviceStream stream) override {
    averaged_ = out;
    with_composer(x, [&](auto composer) {
      cuda::launch(narrow<decltype(composer)>, sweep_blocks(x.size), cuda::kBlock, stream, composer,
                   factor_type(), out.data(), fault);
    });
  }

  void reconstruct(DeviceSpan<float> mean, DeviceStream stream) const override {
    cuda::launch(add_to_zero, sweep_blocks(mean.size()), cuda::kBlock, stream, averaged_.data(),
                 mean.data(), mean.size());
  }

 private:
  CastLinear<float> host_;
  DeviceSpan<float> averaged_;
};

}  // namespace

std::unique_ptr<DeviceLinearCompressor> make_device_cast_linear(const CastLinear<float>& host) {
  return std::make_unique<DeviceCastLinear>(host);
}

}  // namespace pith
