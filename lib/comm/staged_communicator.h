// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include <pith/comm/communicator.h>
#include <pith/comm/device_communicator.h>
#include <pith/core/scratch.h>
#include <pith/cuda/memory.h>
#include <pith/cuda/stream.h>

namespace pith {

/// A Communicator of the host for memory of a device: copies out to pinned memory, waits for the
/// stream, lets the host's collective run, and copies in. For clusters without NCCL's links, where
/// what travels is compressed and small; and for ranks as threads that share one device.
///
/// Sums and means have the bits of the host's collectives; means of 16-bit numbers are summed in
/// float (mean_16bit.h), infinities among them may become the largest number.
///
/// All calls are for memory of one device, the first one's.
///
/// Cost     the spans twice over the bus, and a wait for the stream in each call.
/// Memory   pinned: of the largest call, what goes out and what comes in.
/// Throws   UsageError for a call of another device, before anything is sent.
class StagedCommunicator final : public DeviceCommunicator {
 public:
  /// `host` outlives this.
  explicit StagedCommunicator(Communicator& host) : host_(host) {}
  /// Waits for the last call's copies.
  ~StagedCommunicator() override;

  int rank() const override { return host_.rank(); }
  int size() const override { return host_.size(); }
  bool is_capturable() const override { return false; }
  void wait(DeviceStream stream) override { cuda::synchronize(stream); }
  void reserve(std::size_t out_bytes, std::size_t in_bytes) override;

 private:
  void do_all_reduce(DeviceSpan<float> x, DeviceStream stream) override;
  void do_all_reduce_mean(DeviceSpan<std::byte> x, ElementType type, float divisor,
                          DeviceStream stream) override;
  void do_reduce_scatter(DeviceSpan<const float> x, DeviceSpan<float> out,
                         DeviceStream stream) override;
  void do_all_gather(DeviceSpan<const std::byte> mine, DeviceSpan<std::byte> all,
                     DeviceStream stream) override;
  void do_all_to_all(DeviceSpan<const std::byte> out, DeviceSpan<std::byte> in,
                     DeviceStream stream) override;
  void do_broadcast(DeviceSpan<std::byte> x, int root, DeviceStream stream) override;

  template <class V>
  std::span<V> copy_out(DeviceSpan<const V> x, DeviceStream stream);
  template <class V>
  void copy_in(std::span<V> from, DeviceSpan<V> to, DeviceStream stream);

  // The host's collective, which works in place or from one span to another.
  template <class V, class Collective>
  void replace(DeviceSpan<V> x, DeviceStream stream, const Collective& collective);
  template <class V, class Collective>
  void exchange(DeviceSpan<const V> from, DeviceSpan<V> to, DeviceStream stream,
                const Collective& collective);

  void wait_for_copies() const;
  void keep_to_one_device();

  Communicator& host_;
  Scratch scratch_;
  cuda::PinnedBuffer<std::byte> out_;
  cuda::PinnedBuffer<std::byte> in_;
  int device_ = 0;                        // of the first call
  std::optional<cuda::Event> copied_in_;  // on it: the pinned memory can be written again
};

}  // namespace pith
