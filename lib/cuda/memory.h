// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>

#include <pith/core/device_span.h>

namespace pith::cuda {

/// Memory of the device that was current when it was taken.
struct DeviceAllocator {
  template <class V>
  using Span = DeviceSpan<V>;
  static void* allocate(std::size_t bytes);
  void operator()(void* memory) const;
};

/// Host memory that a device copies to and from while the host goes on.
struct PinnedAllocator {
  template <class V>
  using Span = std::span<V>;
  static void* allocate(std::size_t bytes);
  void operator()(void* memory) const;
};

/// Some elements, not initialised. Throws DeviceError if there is no memory.
template <class V, class Allocator>
class Buffer {
  static_assert(std::is_trivially_copyable_v<V>);

 public:
  template <class U>
  using Span = typename Allocator::template Span<U>;

  Buffer() = default;
  explicit Buffer(std::size_t size)
      : memory_(size > 0 ? static_cast<V*>(Allocator::allocate(size * sizeof(V))) : nullptr),
        size_(size) {}

  std::size_t size() const { return size_; }
  Span<V> span() const { return {memory_.get(), size_}; }
  operator Span<V>() const { return span(); }
  operator Span<const V>() const { return span(); }

 private:
  std::unique_ptr<V, Allocator> memory_;
  std::size_t size_ = 0;
};

template <class V>
using DeviceBuffer = Buffer<V, DeviceAllocator>;
template <class V>
using PinnedBuffer = Buffer<V, PinnedAllocator>;

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
