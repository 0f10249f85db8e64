// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include <pith/comm/communicator.h>
#include <pith/comm/device_communicator.h>

namespace pith::nccl {

struct Library;  // library.cuh

/// How ranks find each other: one of them makes it, all of them get it, by whatever way there is.
using UniqueId = std::array<std::byte, 128>;

struct Options {
  /// NCCL's answers are waited for so long at a time, 0: for ever; else PITH_TIMEOUT_SECONDS, or
  /// 600.
  std::optional<double> timeout_seconds = {};
  /// The functions of NCCL, which tests replace; null: those of libnccl.so.2.
  const Library* library = nullptr;
};

/// Throws UsageError if NCCL cannot be loaded, TransportError if it finds no way to be reached.
UniqueId make_unique_id(const Options& options = {});

/// Ranks on devices of their own, by NCCL, which is loaded when the first communicator is made.
///
/// all_reduce_mean() multiplies by 1/divisor, rounded to the type of x, before it adds up
/// (ncclRedOpCreatePreMulSum): with a divisor that is a power of two these are the bits of the sum
/// divided, short of numbers that underflow; with others they may differ in the last places.
/// 16-bit numbers are added up in 16 bits where NCCL does that. all_to_all() is a group of sends
/// and receives.
///
/// Calls return when NCCL has put them into the stream. If they fail, or have not done so within
/// the deadline, and if wait() finds that the stream does not come to its end, the communicator is
/// aborted: every further call throws. It must outlive graphs that have captured its calls.
///
/// The constructors, and the destructor unless the communicator was aborted, are collective.
/// Throws   UsageError if NCCL cannot be loaded, if a call is made on another device than the
///          constructor was, or on cudaStreamPerThread, as NCCL launches from threads of its own;
///          TransportError that names operation, rank and seconds.
class Communicator final : public DeviceCommunicator {
 public:
  /// The ranks of another communicator, each with its current device. What keeps one of them from
  /// it is thrown on all, as a UsageError that names the rank.
  explicit Communicator(pith::Communicator& ranks, const Options& options = {});

  /// Rank `rank` of `size` with this id.
  Communicator(const UniqueId& id, int rank, int size, const Options& options = {});
  ~Communicator() override;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  bool is_capturable() const override { return true; }
  void check() override;
  void wait(DeviceStream stream) override;

  /// Gives up what is under way. The other ranks see that as an error, or at their deadlines.
  void abort();

 private:
  class Impl;

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

  int rank_;
  int size_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pith::nccl
