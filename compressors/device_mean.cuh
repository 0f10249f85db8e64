// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

#include <pith/compressors/device_segments.cuh>

// The mean of several ranks' segments on the device, whatever they decode to. A Decoder has
//
//   Statistics              what a segment begins with, a number of them
//   begin(n, first)         of n elements, the first of which is number *first of its tensor;
//                           null: as the host has said
//   statistics()            how many there are then
//   bits()                  of the segment then
//   valid(statistics)       false: the segment is not valid
//   kChecked                all values are finite if all statistics are valid
//   at(i) -> Place          where the code of element i is, in any segment
//   value(bytes, place)     what it stands for
namespace pith {

/// Some ranks' segments of the same elements, as they travel with a launch.
struct DeviceSegments {
  static constexpr std::size_t kMost = 32;
  DeviceSegment segments[kMost];
  unsigned number = 0;

  /// All of them have so many.
  __device__ std::size_t elements(std::size_t most) const {
    const std::uint32_t* const count = segments[0].count;
    return count && *count < most ? *count : most;
  }

  __device__ DeviceSpan<const std::byte> bytes(unsigned m) const {
    const DeviceSegment& segment = segments[m];
    if (!segment.offset) return segment.bytes;
    const std::size_t size = segment.bytes.size();
    return segment.bytes.subspan(*segment.offset < size ? *segment.offset : size);
  }
};

/// How a sum becomes a mean. A product with the inverse of a power of two is the quotient.
struct DeviceEnding {
  float divisor = 1;
  bool inverted = false;

  static DeviceEnding of(float divisor) {
    int exponent = 0;
    const bool exact = std::frexp(divisor, &exponent) == 0.5f && exponent > 0;
    return {exact ? 1 / divisor : divisor, exact};
  }

  __device__ float divided(float sum) const { return inverted ? sum * divisor : sum / divisor; }
};

/// Which of all segments a launch adds: the first ones begin a sum, the last ones end it.
struct MeanPart {
  DeviceSegments segments;
  DeviceEnding ending;
  bool begins = true;
  bool ends = true;
};

/// Notes segments that are too short, padded with what is not zero, or have statistics that are not
/// valid. A block looks at one segment.
template <class Decoder>
__global__ void check_segments(Decoder decoder, DeviceSegments all, std::size_t most,
                               DeviceFault* fault) {
  const auto bytes = all.bytes(blockIdx.x % all.number);
  const std::size_t n = all.elements(most);
  decoder.begin(n, all.segments[0].first);
  const std::size_t bits = decoder.bits();
  const std::size_t used = bytes_of(bits);
  bool valid = bytes.size() >= padded(used);
  if (valid) {
    if (threadIdx.x < padded(used) - used) {
      valid = bytes.data()[used + threadIdx.x] == std::byte{0};
    }
    if (bits % 8 != 0) valid = valid && (bytes.data()[bits / 8] >> bits % 8) == std::byte{0};
    using Statistics = typename Decoder::Statistics;
    const auto* const statistics = reinterpret_cast<const Statistics*>(bytes.data());
    const std::size_t step = gridDim.x / all.number * blockDim.x;
    for (std::size_t j = blockIdx.x / all.number * blockDim.x + threadIdx.x;
         j < decoder.statistics(); j += step) {
      valid = valid && decoder.valid(statistics[j]);
    }
  }
  if (!valid) fault->invalid = 1;
}

/// Adds the segments to the mean, in their order: several elements of a thread are on their way at
/// a time. Segments that were found not to be valid are not looked at.
template <class Decoder>
__global__ void add_to_mean(Decoder decoder, MeanPart part, DeviceSpan<float> mean,
                            DeviceFault* fault) {
  constexpr unsigned kItems = 4;
  constexpr std::size_t kTile = kItems * cuda::kBlock;
  if (fault->invalid != 0) return;
  const std::size_t n = part.segments.elements(mean.size());
  decoder.begin(n, part.segments.segments[0].first);
  bool finite = true;
  for (std::size_t tile = blockIdx.x * kTile; tile < n; tile += gridDim.x * kTile) {
    typename Decoder::Place places[kItems];
    float sums[kItems];
#pragma unroll
    for (unsigned k = 0; k < kItems; ++k) {
      const std::size_t i = tile + k * cuda::kBlock + threadIdx.x;
      places[k] = decoder.at(i < n ? i : n - 1);
      sums[k] = part.begins || i >= n ? 0 : mean.data()[i];
    }
    for (unsigned m = 0; m < part.segments.number; ++m) {
      const std::byte* const bytes = part.segments.bytes(m).data();
#pragma unroll
      for (unsigned k = 0; k < kItems; ++k) {
        const float value = decoder.value(bytes, places[k]);
        if (!Decoder::kChecked) finite = finite && std::isfinite(value);
        sums[k] += value;
      }
    }
#pragma unroll
    for (unsigned k = 0; k < kItems; ++k) {
      const std::size_t i = tile + k * cuda::kBlock + threadIdx.x;
      if (i < n) mean.data()[i] = part.ends ? part.ending.divided(sums[k]) : sums[k];
    }
  }
  if (!finite) fault->invalid = 1;
}

/// DeviceMessageCompressor::decode_mean(), by one pass over the mean for every 32 segments.
template <class Decoder>
void decode_mean_by(const Decoder& decoder, std::span<const DeviceSegment> segments, float divisor,
                    DeviceSpan<float> mean, DeviceFault* fault, DeviceStream stream) {
  if (mean.empty()) return;
  const auto parts = [&](const auto& launch_part) {
    for (std::size_t m = 0; m < segments.size(); m += DeviceSegments::kMost) {
      const auto some = segments.subspan(m, std::min(DeviceSegments::kMost, segments.size() - m));
      MeanPart part;
      part.ending = DeviceEnding::of(divisor);
      part.begins = m == 0;
      part.ends = m + some.size() == segments.size();
      part.segments.number = static_cast<unsigned>(some.size());
      std::ranges::copy(some, part.segments.segments);
      launch_part(part);
    }
  };
  parts([&](const MeanPart& part) {
    const unsigned blocks = cuda::blocks_for(mean.size(), 512 * cuda::kBlock, 64);
    cuda::launch(check_segments<Decoder>, blocks * part.segments.number, cuda::kBlock, stream,
                 decoder, part.segments, mean.size(), fault);
  });
  parts([&](const MeanPart& part) {
    cuda::launch(add_to_mean<Decoder>, cuda::blocks_for(mean.size(), 4 * cuda::kBlock),
                 cuda::kBlock, stream, decoder, part, mean, fault);
  });
}

}  // namespace pith
