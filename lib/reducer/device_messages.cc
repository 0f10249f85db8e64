// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/core/error.h>
#include <pith/cuda/stream.h>
#include <pith/reducer/device_messages.h>

namespace pith {
namespace {

constexpr std::size_t kAlignment = 256;  // of what kernels read

std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

DeviceWire OutgoingMessage::begin(std::size_t segments, std::size_t stride, DeviceStream stream) {
  segments_ = segments;
  stride_ = stride;
  if (record_.size() < record_bytes()) {
    record_ = cuda::DeviceBuffer<std::byte>(record_bytes());
    host_record_ = cuda::PinnedBuffer<std::byte>(record_bytes());
  }
  if (bytes_.size() < segments * stride) {
    bytes_ = cuda::DeviceBuffer<std::byte>(segments * stride);
    host_bytes_ = cuda::PinnedBuffer<std::byte>(segments * stride);
  }
  cuda::clear(record_.span(), stream);
  std::byte* const record = record_.span().data();
  return {.bytes = bytes_.span().first(segments * stride),
          .stride = stride,
          .sizes = {reinterpret_cast<std::uint64_t*>(record + sizeof(Record)), segments},
          .fault = reinterpret_cast<DeviceFault*>(record)};
}

// All of the room, as only the device knows how much of it is used: asking would take the time that
// the rest of most messages takes.
void OutgoingMessage::bring(DeviceStream stream) {
  const std::size_t bytes = segments_ * stride_;
  cuda::copy_bytes(record_.span().data(), host_record_.span().data(), record_bytes(), stream);
  cuda::copy_bytes(bytes_.span().data(), host_bytes_.span().data(), bytes, stream);
}

std::span<const std::byte> OutgoingMessage::segment(std::size_t s) const {
  const auto* sizes =
      reinterpret_cast<const std::uint64_t*>(host_record_.span().data() + sizeof(Record));
  if (sizes[s] > stride_) {
    throw Error("a device wrote a segment of " + std::to_string(sizes[s]) +
                " bytes to a place of " + std::to_string(stride_));
  }
  return std::span<const std::byte>(host_bytes_.span()).subspan(s * stride_, sizes[s]);
}

void IncomingMessages::grow(std::size_t bytes, DeviceStream stream) {
  if (used_ + bytes <= bytes_.size()) return;
  cuda::synchronize(stream);  // nothing of before is needed then
  used_ = 0;
  if (bytes <= bytes_.size()) return;
  bytes_ = cuda::DeviceBuffer<std::byte>(bytes);
  host_ = cuda::PinnedBuffer<std::byte>(bytes);
}

std::vector<DeviceSegment> IncomingMessages::bring(
    std::span<const std::span<const std::byte>> messages, DeviceStream stream) {
  std::size_t all = 0;
  for (const auto& message : messages) all += aligned(message.size());
  grow(all, stream);
  const std::size_t first = used_;
  std::vector<DeviceSegment> segments;
  for (const auto& message : messages) {
    std::ranges::copy(message, host_.span().subspan(used_).begin());
    segments.push_back({.bytes = bytes_.span().subspan(used_, message.size())});
    used_ += aligned(message.size());
  }
  cuda::copy_bytes(host_.span().data() + first, bytes_.span().data() + first, used_ - first,
                   stream);
  return segments;
}

}  // namespace pith
