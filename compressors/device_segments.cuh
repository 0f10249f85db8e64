// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/bits.h>
#include <pith/compressors/device_message.h>
#include <pith/core/bytes.h>
#include <pith/cuda/launch.cuh>

// What all device message compressors share about segments, as segments.h for the host's.
namespace pith {

/// Where a message is cut, in the memory of the device: what Cuts are to the host, but none lies
/// behind the elements that there are.
struct DeviceCuts {
  const std::uint64_t* at = nullptr;
  unsigned segments = 0;

  __device__ std::size_t begin(unsigned s) const { return at[s]; }
  __device__ std::size_t end(unsigned s) const { return at[s + 1]; }

  /// The segment with element i, of those that there are.
  __device__ unsigned holding(std::size_t i) const {
    unsigned low = 0;
    for (unsigned high = segments; high - low > 1;) {
      const unsigned middle = (low + high) / 2;
      (at[middle] <= i ? low : high) = middle;
    }
    return low;
  }

  /// The same, if it is s or a later one.
  __device__ unsigned holding(std::size_t i, unsigned s) const {
    while (i >= end(s)) ++s;
    return s;
  }
};

/// The cuts of x, in `scratch`.
DeviceCuts put_cuts(Cuts cuts, const DeviceSource& x, cuda::DeviceScratch& scratch,
                    DeviceStream stream);

/// The bytes of segment s, from the start of its place.
__device__ inline std::byte* place_of(const DeviceWire& wire, unsigned s) {
  return wire.bytes.data() + s * wire.stride;
}

/// Notes the sizes of all segments, and pads behind their last `unit` of bytes that is begun.
/// bits(s) are those of segment s. By the threads of one block.
template <class Bits>
__device__ void end_segments(DeviceCuts cuts, const DeviceWire& wire, std::size_t unit,
                             const Bits& bits) {
  for (unsigned s = threadIdx.x; s < cuts.segments; s += blockDim.x) {
    const std::size_t used = bytes_of(bits(s));
    const std::size_t size = padded(used);
    wire.sizes.data()[s] = size;
    for (std::size_t i = (used + unit - 1) / unit * unit; i < size; ++i) {
      place_of(wire, s)[i] = std::byte{0};
    }
  }
}

}  // namespace pith
