// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <pith/compressors/device_entries.h>
#include <pith/compressors/device_message.h>
#include <pith/compressors/device_source.h>
#include <pith/core/spec.h>
#include <pith/cuda/device_scratch.h>
#include <pith/cuda/memory.h>

// Which elements a sparse message keeps, found on a device. Each function composes x, once, and
// writes its next states as if nothing were sent (Composer::keep); take_off() does the rest. An
// element that is not finite is noted in `fault`; what is found is worth nothing then. x has
// x.size elements: x.count is null.
namespace pith {

/// The least magnitude that is collected: the larger of these bits and those on the device.
struct DeviceLeast {
  std::uint32_t bits = 0;
  const std::uint32_t* guess = nullptr;  ///< null: there are none
};

/// Every element whose magnitude's bits are `least` or more, as collect() (collect.h); but all
/// behind out.room() are counted alone. `composed`: null, or x.size places for the elements.
///
/// Cost   x.size < 2^32: one read of what composes x, one write of its states.
void collect(const DeviceSource& x, DeviceLeast least, float* composed, const DeviceEntries& out,
             DeviceFault* fault, cuda::DeviceScratch& scratch, DeviceStream stream);

/// largest() (largest.h) on a device, time and again of the same tensor.
///
/// The threshold is guessed from the last call's, on the device. One pass composes x and collects
/// what lies above it; the k largest are picked among these by radix. Where less than k lie above
/// the guess, or more than there is room for, the same kernels look through all of x instead,
/// composed again from the next states. So the result is exact for every input, and the host never
/// waits.
///
/// Cost     collect(), and O(k); where the guess failed, as in the first call, four more reads of x
///          (as many as its states). Scratch 8 min(4 k + 8192, n) bytes; and where x is of
///          Composing::control in place, 4 n bytes, written and, where the guess failed, read.
class DeviceLargest {
 public:
  DeviceLargest();

  /// The k elements of largest magnitude, ties to the lowest index. 0 < k <= x.size < 2^32,
  /// k <= out.room().
  void find(const DeviceSource& x, std::size_t k, const DeviceEntries& out, DeviceFault* fault,
            cuda::DeviceScratch& scratch, DeviceStream stream);

  /// The bits of a magnitude, and what part of the last threshold it lies below that: less after a
  /// call that collected more than 2 k + 1024, more after one with less than 1.25 k + 32.
  struct Guess {
    std::uint32_t least;
    float distance;
  };

  /// For the next call.
  DeviceSpan<const Guess> guess() const { return guess_; }

 private:
  cuda::DeviceBuffer<Guess> guess_;
};

/// Selector (sparse_message.h) on a device: how topk and threshold find what they keep.
class DeviceSelector {
 public:
  virtual ~DeviceSelector() = default;

  /// `out` has room for the most that the host's selector keeps of x.size elements.
  virtual void select(const DeviceSource& x, const DeviceEntries& out, DeviceFault* fault,
                      cuda::DeviceScratch& scratch, DeviceStream stream) = 0;
};

/// Throws UsageError for sample=.
std::unique_ptr<DeviceSelector> make_device_topk(const Spec& spec);
std::unique_ptr<DeviceSelector> make_device_threshold(const Spec& spec);

}  // namespace pith
