// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <pith/core/device_span.h>
#include <pith/core/element.h>
#include <pith/core/half.h>

namespace pith {

/// The collectives of a Communicator (communicator.h) for memory of a device: one rank per device
/// and stream. Every rank makes the calls in the same order; the result is there when the stream
/// comes to it, with the same bits on all ranks. Wire bytes are counted by Communicator's formulas.
///
/// Empty spans are legal everywhere; every rank still makes the call. Spans of one call must not
/// overlap, but for one case: `mine` of a gather may be its own place in `all`.
///
/// Throws   UsageError before anything is sent if the spans do not fit, or memory or stream are not
///          of the current device; nothing is counted then. DeviceError.
///          TransportError if the communication fails, after which the communicator is dead.
/// Threads  one call at a time.
class DeviceCommunicator {
 public:
  virtual ~DeviceCommunicator() = default;
  DeviceCommunicator(const DeviceCommunicator&) = delete;
  DeviceCommunicator& operator=(const DeviceCommunicator&) = delete;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Whether calls only put work into the stream, so that a graph can capture them. If not, a call
  /// waits for the stream and for the other ranks.
  virtual bool is_capturable() const = 0;

  /// Replaces x by its sum over all ranks. The order of summation is the back end's.
  void all_reduce(DeviceSpan<float> x, DeviceStream stream);

  /// Replaces x by its sum over all ranks divided by `divisor`, as the back end rounds it.
  void all_reduce_mean(DeviceSpan<float> x, float divisor, DeviceStream stream);
  void all_reduce_mean(DeviceSpan<Half> x, float divisor, DeviceStream stream);
  void all_reduce_mean(DeviceSpan<BFloat16> x, float divisor, DeviceStream stream);

  /// out = sum over ranks of block rank() of x; x.size() = p out.size().
  void reduce_scatter(DeviceSpan<const float> x, DeviceSpan<float> out, DeviceStream stream);

  /// all = every rank's `mine`, in rank order; all.size() = p mine.size().
  void all_gather(DeviceSpan<const std::byte> mine, DeviceSpan<std::byte> all, DeviceStream stream);

  /// Sends block r of `out` to rank r and receives rank r's block into block r of `in`; all blocks
  /// are of the same size.
  void all_to_all(DeviceSpan<const std::byte> out, DeviceSpan<std::byte> in, DeviceStream stream);

  /// Replaces x by rank `root`'s.
  void broadcast(DeviceSpan<std::byte> x, int root, DeviceStream stream);

  /// Takes what memory calls are going to need that send and receive no more than so many bytes, so
  /// that they take none. Every rank by itself. Throws DeviceError.
  virtual void reserve(std::size_t /*out_bytes*/, std::size_t /*in_bytes*/) {}

  /// Throws TransportError if something has failed since.
  virtual void check() {}

  /// The host waits for all that is in the stream. Throws DeviceError; TransportError if the
  /// communication has failed or does not end.
  virtual void wait(DeviceStream stream) = 0;

  /// What this rank has sent so far by the formulas of Communicator.
  std::uint64_t wire_bytes() const { return wire_bytes_; }

 protected:
  DeviceCommunicator() = default;

  // What a back end implements. Spans have been checked, and are not empty.
  virtual void do_all_reduce(DeviceSpan<float> x, DeviceStream stream) = 0;
  virtual void do_all_reduce_mean(DeviceSpan<std::byte> x, ElementType type, float divisor,
                                  DeviceStream stream) = 0;
  virtual void do_reduce_scatter(DeviceSpan<const float> x, DeviceSpan<float> out,
                                 DeviceStream stream) = 0;
  virtual void do_all_gather(DeviceSpan<const std::byte> mine, DeviceSpan<std::byte> all,
                             DeviceStream stream) = 0;
  virtual void do_all_to_all(DeviceSpan<const std::byte> out, DeviceSpan<std::byte> in,
                             DeviceStream stream) = 0;
  virtual void do_broadcast(DeviceSpan<std::byte> x, int root, DeviceStream stream) = 0;

 private:
  std::size_t ranks() const { return static_cast<std::size_t>(size()); }
  template <class Number>
  void mean(DeviceSpan<Number> x, ElementType type, float divisor, DeviceStream stream);

  std::uint64_t wire_bytes_ = 0;
};

}  // namespace pith
