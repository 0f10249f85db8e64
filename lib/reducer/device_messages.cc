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
  places_.clear();
  if (record_.size() < record_bytes()) {
    record_ = cuda::DeviceBuffer<std::byte>(record_bytes());
    host_record_ = cuda::PinnedBuffer<std::byte>(record_bytes());
  }
  if (bytes_.size() < segments * stride) {
    bytes_ = cuda::DeviceBuffer<std::byte>(segments * stride);
  }
  cuda::clear(record_.span(), stream);
  std::byte* const record = record_.span().data();
  return {.bytes = bytes_.span().first(segments * stride),
          .stride = stride,
          .sizes = {reinterpret_cast<std::uint64_t*>(record + sizeof(Record)), segments},
          .fault = reinterpret_cast<DeviceFault*>(record)};
}

void OutgoingMessage::bring(std::size_t most, DeviceStream stream) {
  cuda::copy_bytes(record_.span().data(), host_record_.span().data(), record_bytes(), stream);
  const std::size_t room = segments_ * stride_;
  if (room > most) return;
  make_room_on_host(room);
  for (std::size_t s = 0; s < segments_; ++s) places_.push_back(s * stride_);
  cuda::copy_bytes(bytes_.span().data(), host_bytes_.span().data(), room, stream);
}

bool OutgoingMessage::bring_the_rest(DeviceStream stream) {
  if (places_.size() == segments_) return false;
  std::size_t bytes = 0;
  for (std::size_t s = 0; s < segments_; ++s) {
    places_.push_back(bytes);
    bytes += size(s);
  }
  make_room_on_host(bytes);
  for (std::size_t s = 0; s < segments_; ++s) {
    cuda::copy_bytes(bytes_.span().data() + s * stride_, host_bytes_.span().data() + places_[s],
                     size(s), stream);
  }
  return true;
}

// With a quarter to spare, since sizes that depend on the data change from step to step.
void OutgoingMessage::make_room_on_host(std::size_t bytes) {
  if (host_bytes_.size() >= bytes) return;
  const bool all = bytes == segments_ * stride_;
  host_bytes_ = cuda::PinnedBuffer<std::byte>(all ? bytes : bytes + bytes / 4);
}

std::size_t OutgoingMessage::size(std::size_t segment) const {
  const auto* sizes =
      reinterpret_cast<const std::uint64_t*>(host_record_.span().data() + sizeof(Record));
  if (sizes[segment] <= stride_) return sizes[segment];
  throw Error("a device wrote a segment of " + std::to_string(sizes[segment]) +
              " bytes to a place of " + std::to_string(stride_));
}

std::span<const std::byte> OutgoingMessage::segment(std::size_t s) const {
  return std::span<const std::byte>(host_bytes_.span()).subspan(places_[s], size(s));
}

// Nothing of before is needed when the stream is done. A quarter to spare, as above.
void IncomingMessages::grow(std::size_t bytes, DeviceStream stream) {
  const std::size_t all = used_ + bytes;
  if (all <= bytes_.size()) return;
  cuda::synchronize(stream);
  used_ = 0;
  make_room(all + all / 4);
}

void IncomingMessages::make_room(std::size_t bytes) {
  bytes_ = cuda::DeviceBuffer<std::byte>(bytes);
  host_ = cuda::PinnedBuffer<std::byte>(bytes);
}

void IncomingMessages::reserve(std::size_t messages, std::size_t bytes) {
  const std::size_t all = messages * aligned(bytes);
  if (all > bytes_.size()) make_room(all);
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
