// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include <pith/core/device_span.h>
#include <pith/cuda/memory.h>

namespace pith::cuda {

/// Scratch (lib/core/scratch.h) on the device: a bump allocator that keeps what it once needed, so
/// that a step allocates nothing after the largest one so far, and can be captured in a graph.
///
/// What a Frame gives back may be taken again at once: so all work on it is put into one stream.
class DeviceScratch {
 public:
  /// `count` elements, 256-byte aligned, not initialised. Throws DeviceError if there is no memory.
  template <class V>
  DeviceSpan<V> take(std::size_t count) {
    return {reinterpret_cast<V*>(take_bytes(count * sizeof(V))), count};
  }

  /// Gives everything back; behind the first chunk, several become one of their total size. All
  /// work on it is done. Throws DeviceError if there is no memory; the first chunk is kept.
  void clear();

  /// Gives everything back, and holds one chunk of the most that was taken at a time: who takes the
  /// same again, clear() between, allocates nothing. Throws DeviceError. All work on it is done.
  void settle();

  /// Bytes held, used or not.
  std::size_t capacity() const;

  /// Gives back, at its end, what was taken since its start.
  class Frame {
   public:
    explicit Frame(DeviceScratch& scratch)
        : scratch_(scratch), chunk_(scratch.chunk_), used_(scratch.used_), taken_(scratch.taken_) {}
    ~Frame() {
      scratch_.chunk_ = chunk_;
      scratch_.used_ = used_;
      scratch_.taken_ = taken_;
    }
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

   private:
    DeviceScratch& scratch_;
    std::size_t chunk_;
    std::size_t used_;
    std::size_t taken_;
  };

 private:
  std::byte* take_bytes(std::size_t bytes);

  std::vector<DeviceBuffer<std::byte>> chunks_;
  std::size_t chunk_ = 0;  // the one in use
  std::size_t used_ = 0;   // bytes of it
  std::size_t taken_ = 0;  // bytes of all
  std::size_t most_ = 0;   // at a time
};

}  // namespace pith::cuda
