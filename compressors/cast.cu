// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <pith/compressors/cast.h>
#include <pith/compressors/device_mean.cuh>
#include <pith/compressors/device_registry.h>
#include <pith/compressors/device_source.cuh>
#include <pith/compressors/identity.h>
#include <pith/compressors/rounding.cuh>
#include <pith/core/arguments.h>
#include <pith/core/half.h>

namespace pith {
namespace {

template <class Number>
struct NumberFormat;

template <>
struct NumberFormat<Half> {
  __device__ static Half narrow(float x) { return to_half(clamped(x, kLargestHalf)); }
  __device__ static float widen(Half x) { return to_float(x); }
};
template <>
struct NumberFormat<BFloat16> {
  __device__ static BFloat16 narrow(float x) { return to_bfloat16(clamped(x, kLargestBFloat16)); }
  __device__ static float widen(BFloat16 x) { return to_float(x); }
};
template <>
struct NumberFormat<float> {
  __device__ static float narrow(float x) { return x; }
  __device__ static float widen(float x) { return x; }
};

// Every number is one of the segment.
template <class Number>
struct NumberDecoder {
  using Statistics = Number;
  using Place = std::size_t;
  static constexpr bool kChecked = false;

  std::size_t count = 0;

  __device__ void begin(std::size_t n, const std::uint32_t*) { count = n; }
  __device__ std::size_t statistics() const { return 0; }
  __device__ std::size_t bits() const { return 8 * sizeof(Number) * count; }
  __device__ bool valid(const Number&) const { return true; }
  __device__ Place at(std::size_t i) const { return i; }
  __device__ float value(const std::byte* bytes, Place i) const {
    return NumberFormat<Number>::widen(reinterpret_cast<const Number*>(bytes)[i]);
  }
};

// Several elements of a thread are on their way at a time.
template <class Number, class Source>
__global__ void narrow(Source x, DeviceCuts cuts, DeviceWire wire) {
  constexpr unsigned kItems = 4;
  constexpr std::size_t kTile = kItems * cuda::kBlock;
  const std::size_t n = x.size();
  unsigned s = 0;
  bool finite = true;
  for (std::size_t tile = blockIdx.x * kTile; tile < n; tile += gridDim.x * kTile) {
    float u[kItems];
#pragma unroll
    for (unsigned k = 0; k < kItems; ++k) {
      const std::size_t i = tile + k * cuda::kBlock + threadIdx.x;
      u[k] = i < n ? x.compose(i) : 0;
    }
    s = cuts.holding(tile);
#pragma unroll
    for (unsigned k = 0; k < kItems; ++k) {
      const std::size_t i = tile + k * cuda::kBlock + threadIdx.x;
      if (i >= n) continue;
      s = cuts.holding(i, s);
      finite = finite && std::isfinite(u[k]);
      const Number number = NumberFormat<Number>::narrow(u[k]);
      reinterpret_cast<Number*>(place_of(wire, s))[i - cuts.begin(s)] = number;
      x.sent(i, u[k], NumberFormat<Number>::widen(number));
    }
  }
  if (!finite) wire.fault->non_finite = 1;
  if (blockIdx.x == 0) {
    end_segments(cuts, wire, sizeof(Number), [&](unsigned segment) {
      return 8 * sizeof(Number) * (cuts.end(segment) - cuts.begin(segment));
    });
  }
}

template <class Number>
class DeviceCast final : public DeviceMessageCompressor {
 public:
  explicit DeviceCast(std::unique_ptr<MessageCompressor<float>> host) : host_(std::move(host)) {}

  const MessageCompressor<float>& host() const override { return *host_; }

  void encode(const DeviceSource& x, Cuts cuts, const RandomKey&, const DeviceWire& wire,
              cuda::DeviceScratch& scratch, DeviceStream stream) override {
    const cuda::DeviceScratch::Frame frame(scratch);
    const DeviceCuts places = put_cuts(cuts, x, scratch, stream);
    with_composer(x, [&](const auto& composer) {
      using Source = std::remove_cvref_t<decltype(composer)>;
      cuda::launch(narrow<Number, Source>, cuda::blocks_for(x.size, 4 * cuda::kBlock), cuda::kBlock,
                   stream, composer, places, wire);
    });
  }

  void decode_mean(std::span<const DeviceSegment> segments, std::size_t, float divisor,
                   DeviceSpan<float> mean, DeviceFault* fault, cuda::DeviceScratch&,
                   DeviceStream stream) const override {
    decode_mean_by(NumberDecoder<Number>(), segments, divisor, mean, fault, stream);
  }

 private:
  std::unique_ptr<MessageCompressor<float>> host_;
};

}  // namespace

// Of floats it is what cast(fp32) is.
std::unique_ptr<DeviceMessageCompressor> make_device_identity(const Spec& spec) {
  return std::make_unique<DeviceCast<float>>(make_identity<float>(spec));
}

std::unique_ptr<DeviceMessageCompressor> make_device_cast(const Spec& spec) {
  auto host = make_cast<float>(spec);
  const std::string type = Arguments(spec).word("type", "fp16", {"fp16", "bf16", "fp32"});
  if (type == "fp16") return std::make_unique<DeviceCast<Half>>(std::move(host));
  if (type == "bf16") return std::make_unique<DeviceCast<BFloat16>>(std::move(host));
  return std::make_unique<DeviceCast<float>>(std::move(host));
}

}  // namespace pith
