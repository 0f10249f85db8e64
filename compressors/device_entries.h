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

/// What some of the entries were sent as.
struct DeviceSent {
  const std::uint32_t* indices = nullptr;  ///< of all entries
  const std::uint32_t* begin = nullptr;    ///< on the device: those from number *begin on ...
  const std::uint32_t* end = nullptr;      ///< ... and before *end
  DeviceSpan<const float> values;          ///< of these; room for the most there may be
};

/// They were sent after all: takes them off the next states of x, which Composer::keep() has left
/// as if nothing were. Cost: O(values), 64 bytes of memory each.
void take_off(const DeviceSource& x, const DeviceSent& sent, DeviceStream stream);

}  // namespace pith
