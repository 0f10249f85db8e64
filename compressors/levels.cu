// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/device_block_message.cuh>
#include <pith/compressors/device_registry.h>
#include <pith/compressors/levels.h>
#include <pith/compressors/levels_scheme.h>
#include <pith/core/arguments.h>

namespace pith {
namespace {

// Ascending, by all threads; x has room for a power of two of them, at least so many.
template <unsigned kThreads>
__device__ void sort(float* x, unsigned count) {
  for (unsigned run = 2; run < 2 * count; run *= 2) {
    for (unsigned apart = run / 2; apart > 0; apart /= 2) {
      for (unsigned i = threadIdx.x; i < std::bit_ceil(count); i += kThreads) {
        const unsigned other = i ^ apart;
        const bool ascending = (i & run) == 0;
        if (other > i && (x[i] > x[other]) == ascending) {
          const float larger = x[i];
          x[i] = x[other];
          x[other] = larger;
        }
      }
      __syncthreads();
    }
  }
}

// The magnitudes of a block in ascending order; what follows the last one is infinite.
template <class Elements>
__device__ const float* sorted_magnitudes(Elements& x) {
  float* const sorted = x.spoil();
  const auto count = static_cast<unsigned>(x.size());
  for (unsigned i = threadIdx.x; i < std::bit_ceil(count); i += Elements::kThreads) {
    sorted[i] = i < count ? std::abs(sorted[i]) : std::numeric_limits<float>::infinity();
  }
  __syncthreads();
  sort<Elements::kThreads>(sorted, count);
  return sorted;
}

// The host's, but for how a block is measured.
struct DeviceLevels : SignAndLevel<float> {
  using SignAndLevel<float>::SignAndLevel;
  static constexpr bool kDraws = false;

  template <class Elements>
  __device__ Statistics measure(Elements& x) const {
    if (width() == 2) return two_means(x);
    const DeviceExtremes found = extremes(x, [](float v) { return std::abs(v); });
    return {scale_of(found.min), scale_of(found.max)};
  }

  __device__ std::uint32_t code(float x, const Statistics& block, const auto& point,
                                std::uint64_t index) const {
    return SignAndLevel<float>::code(x, block, point, index) & ((1u << width()) - 1);
  }

 private:
  // Sums are in the magnitudes' order, by one thread.
  template <class Elements>
  __device__ static Statistics two_means(Elements& x) {
    const float* const sorted = sorted_magnitudes(x);
    Means means{};
    if (threadIdx.x == 0) {
      means =
          pith::two_means(x.size(), [=](std::size_t i) { return magnitude_in_range(sorted[i]); });
    }
    const double low = of_first_thread(means.low, x.room());
    const double high = of_first_thread(means.high, x.room());
    return {scale_of(low), scale_of(std::max(low, high))};
  }
};

}  // namespace

std::unique_ptr<DeviceMessageCompressor> make_device_levels(const Spec& spec) {
  auto host = make_levels<float>(spec);
  Arguments arguments(spec);
  const auto bits = static_cast<unsigned>(arguments.integer("bits", 4, 2, 8));
  const std::size_t block = arguments.integer("block", 256, 1, kLargestLevelsBlock);
  return std::make_unique<DeviceBlockMessage<DeviceLevels>>(std::move(host), DeviceLevels(bits),
                                                            block);
}

}  // namespace pith
