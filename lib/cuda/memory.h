// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

#include <pith/core/device_span.h>

namespace pith::cuda {

/// Memory of the device that was current when it was taken. Throws DeviceError if there is none.
void* allocate_device(std::size_t bytes);
/// Host memory that a device copies to and from while the host goes on. Throws DeviceError.
void* allocate_pinned(std::size_t bytes);

struct FreeDevice {
  void operator()(void* memory) const;
};
struct FreePinned {
  void operator()(void* memory) const;
};

/// Some elements in the memory of a device, not initialised.
template <class V>
class DeviceBuffer {
  static_assert(std::is_trivially_copyable_v<V>);

 public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(std::size_t size)
      : memory_(size > 0 ? static_cast<V*>(allocate_device(size * sizeof(V))) : nullptr),
        size_(size) {}

  std::size_t size() const { return size_; }
  DeviceSpan<V> span() const { return {memory_.get(), size_}; }
  operator DeviceSpan<V>() const { return span(); }
  operator DeviceSpan<const V>() const { return span(); }

 private:
  std::unique_ptr<V, FreeDevice> memory_;
  std::size_t size_ = 0;
};

/// Some elements in pinned host memory, not initialised.
template <class V>
class PinnedBuffer {
  static_assert(std::is_trivially_copyable_v<V>);

 public:
  PinnedBuffer() = default;
  explicit PinnedBuffer(std::size_t size)
      : memory_(size > 0 ? static_cast<V*>(allocate_pinned(size * sizeof(V))) : nullptr),
        size_(size) {}

  std::size_t size() const { return size_; }
  std::span<V> span() const { return {memory_.get(), size_}; }
  operator std::span<V>() const { return span(); }

 private:
  std::unique_ptr<V, FreePinned> memory_;
  std::size_t size_ = 0;
};

// Work for the stream. Spans of one call have one length; pinned host memory stays as it is until
// the stream has come so far. Other host memory is copied too, while the host waits.
void copy_bytes(const void* from, void* to, std::size_t bytes, DeviceStream stream);
void fill_bytes(void* to, int value, std::size_t bytes, DeviceStream stream);

template <class V>
void upload(std::span<const V> from, DeviceSpan<V> to, DeviceStream stream) {
  copy_bytes(from.data(), to.data(), from.size_bytes(), stream);
}

template <class V>
void download(DeviceSpan<const V> from, std::span<V> to, DeviceStream stream) {
  copy_bytes(from.data(), to.data(), from.size_bytes(), stream);
}

template <class V>
void copy(DeviceSpan<const V> from, DeviceSpan<V> to, DeviceStream stream) {
  copy_bytes(from.data(), to.data(), from.size_bytes(), stream);
}

template <class V>
void clear(DeviceSpan<V> to, DeviceStream stream) {
  fill_bytes(to.data(), 0, to.size_bytes(), stream);
}

}  // namespace pith::cuda
