// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <pith/compressors/device_source.h>
#include <pith/core/device_span.h>
#include <pith/cuda/device_scratch.h>

namespace pith {

/// Some elements of a tensor or of a segment, on a device: room for the most there may be, and, on
/// the device, how many there are.
struct DeviceEntries {
  DeviceSpan<std::uint32_t> indices;  ///< ascending
  DeviceSpan<float> values;
  std::uint32_t* count = nullptr;

  constexpr std::size_t room() const { return indices.size(); }
};

/// Entries in scratch, not initialised.
DeviceEntries take_entries(std::size_t room, cuda::DeviceScratch& scratch);

/// These entries of x were sent after all, as the values say, and nothing else was: of x, as
/// Composer::keep() has left it, the next states. Cost: O(count), 64 bytes of memory each.
void take_off(const DeviceSource& x, const DeviceEntries& sent, DeviceStream stream);

}  // namespace pith
