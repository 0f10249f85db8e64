// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/device_linear.cuh>
#include <pith/compressors/device_source.cuh>
#include <pith/compressors/mask.cuh>
#include <pith/compressors/rounding.cuh>

namespace pith {
namespace {

constexpr unsigned kTogether = 4;  // words of a mask whose elements a warp loads at once

// Each warp takes its share of a tile's words, one element per lane.
__device__ unsigned first_word() { return cuda::warp() * cuda::kWarp; }
__device__ std::size_t element(std::size_t tile, unsigned word) {
  return tile * DeviceMask::kTile + word * std::size_t{32} + cuda::lane();
}

template <class Composed>
__global__ void gather(Composed x, DeviceMask mask, float scale, ElementType type, float* out,
                       DeviceFault* fault) {
  __shared__ MaskTile kept;
  const std::size_t n = x.size();
  bool finite = true;
  for (std::size_t tile = blockIdx.x; tile < mask.tiles; tile += gridDim.x) {
    kept.load(mask, tile);
    for (unsigned words = 0; words < cuda::kWarp; words += kTogether) {
      const unsigned first = first_word() + words;
      float u[kTogether];
#pragma unroll
      for (unsigned j = 0; j < kTogether; ++j) {
        const std::size_t i = element(tile, first + j);
        u[j] = i < n ? x.compose(i) : 0.0f;
      }
#pragma unroll
      for (unsigned j = 0; j < kTogether; ++j) {
        const std::size_t i = element(tile, first + j);
        finite = finite && isfinite(u[j]);
        if (kept.has(first + j)) {
          const float value = rounded(type, scale * u[j]);
          out[kept.place(first + j)] = value;
          x.sent(i, u[j], value);
        } else if (i < n) {
          x.keep(i, u[j]);
        }
      }
    }
  }
  if (!finite) fault->non_finite = 1;
}

__global__ void scatter(DeviceMask mask, const float* values, float* y, std::size_t n) {
  __shared__ MaskTile kept;
  for (std::size_t tile = blockIdx.x; tile < mask.tiles; tile += gridDim.x) {
    kept.load(mask, tile);
    for (unsigned word = first_word(); word < first_word() + cuda::kWarp; ++word) {
      const std::size_t i = element(tile, word);
      if (i < n) y[i] = kept.has(word) ? 0.0f + values[kept.place(word)] : 0.0f;
    }
  }
}

unsigned blocks_for(const DeviceMask& mask) { return cuda::blocks_for(mask.tiles, 1); }

class DeviceRandomK final : public DeviceLinearCompressor {
 public:
  explicit DeviceRandomK(const RandomK<float>& host) : host_(host) {}

  const LinearCompressor<float>& host() const override { return host_; }

  void factor(int, const DeviceSource& x, const RandomKey& key, DeviceSpan<float> out,
              DeviceFault* fault, cuda::DeviceScratch& scratch, DeviceStream stream) override {
    averaged_ = out;
    if (x.size == 0) return;
    const Random random({key.seed, key.tensor, key.step, kSharedByRanks});
    mask_ = draw_mask(x.size, out.size(), random, scratch, stream);
    with_composer(x, [&](auto composer) {
      cuda::launch(gather<decltype(composer)>, blocks_for(mask_), cuda::kBlock, stream, composer,
                   mask_, host_.scale(), factor_type(), out.data(), fault);
    });
  }

  void reconstruct(DeviceSpan<float> mean, DeviceStream stream) const override {
    if (mean.empty()) return;
    cuda::launch(scatter, blocks_for(mask_), cuda::kBlock, stream, mask_, averaged_.data(),
                 mean.data(), mean.size());
  }

 private:
  RandomK<float> host_;
  DeviceMask mask_;
  DeviceSpan<float> averaged_;
};

}  // namespace

std::unique_ptr<DeviceLinearCompressor> make_device_randomk(const RandomK<float>& host) {
  return std::make_unique<DeviceRandomK>(host);
}

}  // namespace pith
