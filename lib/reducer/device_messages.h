// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <pith/compressors/device_message.h>
#include <pith/cuda/device_scratch.h>
#include <pith/cuda/memory.h>

namespace pith {

/// A message on its way from a device to the host: room for it on both sides, which grows to what
/// the largest one needs.
class OutgoingMessage {
 public:
  /// Room for `segments` segments of at most `stride` bytes; their bytes are those of the device
  /// compressor's next encode(). What was there is lost; `stream` has done with it.
  DeviceWire begin(std::size_t segments, std::size_t stride, DeviceStream stream);

  /// Puts the copy to the host behind what is in the stream: the whole room, as only the device
  /// knows how much of it is used, and asking would take the time that the rest of most messages
  /// takes; but if that is more than so many bytes, only what the device knows.
  void bring(std::size_t most, DeviceStream stream);

  /// Once the stream is done: puts the copy of what has not been brought into it, and returns
  /// whether there is any.
  bool bring_the_rest(DeviceStream stream);

  /// What was brought, once the stream is done.
  const DeviceFault& fault() const { return record().fault; }
  std::span<const std::byte> segment(std::size_t s) const;

 private:
  /// The fault, and behind it the sizes.
  struct Record {
    DeviceFault fault;
  };
  const Record& record() const {
    return *reinterpret_cast<const Record*>(host_record_.span().data());
  }
  std::size_t record_bytes() const { return sizeof(Record) + segments_ * sizeof(std::uint64_t); }
  std::size_t size(std::size_t segment) const;
  void make_room_on_host(std::size_t bytes);

  std::size_t segments_ = 0;
  std::size_t stride_ = 0;
  std::vector<std::size_t> places_;  // of the segments that were brought, on the host
  cuda::DeviceBuffer<std::byte> record_;
  cuda::DeviceBuffer<std::byte> bytes_;
  cuda::PinnedBuffer<std::byte> host_record_;
  cuda::PinnedBuffer<std::byte> host_bytes_;
};

/// Messages on their way from the host to a device. What they need until the device has done with
/// them is kept.
class IncomingMessages {
 public:
  /// Nothing of before is needed any more; `stream` has done with it.
  void clear() { used_ = 0; }

  /// Room for so many messages of so many bytes.
  void reserve(std::size_t messages, std::size_t bytes);

  /// Copies of them, complete when the stream comes to them.
  std::vector<DeviceSegment> bring(std::span<const std::span<const std::byte>> messages,
                                   DeviceStream stream);

 private:
  void grow(std::size_t bytes, DeviceStream stream);
  void make_room(std::size_t bytes);

  std::size_t used_ = 0;
  cuda::DeviceBuffer<std::byte> bytes_;
  cuda::PinnedBuffer<std::byte> host_;
};

}  // namespace pith
