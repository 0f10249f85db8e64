// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include <pith/core/device_span.h>
#include <pith/nccl/library.cuh>

namespace pith::nccl {

/// An ncclComm_t of calls that do not block: what NCCL has begun is asked after until it is done,
/// or `seconds` (0: for ever) have passed. Whatever fails aborts the communicator, and is thrown as
/// a TransportError that names the operation and the rank; so is every use behind that.
class Handle {
 public:
  /// Collective, on the current device.
  Handle(const Library& library, const ncclUniqueId& id, int rank, int size, double seconds);

  /// Collective, unless the communicator was aborted, or an exception is on its way.
  ~Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  /// Throws if the communicator was aborted. What follows is part of `operation`.
  ncclComm_t begin(std::string operation);

  /// The result of a call; returns once it is done.
  void settle(ncclResult_t result);

  /// Throws if something has failed since.
  void check();

  /// Returns once the stream is done.
  void wait(DeviceStream stream);

  void abort();

 private:
  using Clock = std::chrono::steady_clock;

  template <class Done>
  void poll(const std::string& during, const Done& done);
  ncclResult_t state() const;
  bool finalize();
  void check(ncclResult_t result, const std::string& during);
  [[noreturn]] void fail(const std::string& during, const std::string& reason);

  const Library& library_;
  int rank_;
  double seconds_;
  int exceptions_;
  ncclComm_t comm_ = nullptr;
  std::string operation_ = "ncclCommInitRankConfig";  // the last that was begun
  std::string failure_;                               // why there is no communicator any more
};

}  // namespace pith::nccl
