// SPDX-License-Identifier: Apache-2.0
#include <exception>
#include <sstream>
#include <thread>
#include <utility>

#include <pith/core/error.h>
#include <pith/cuda/stream.h>
#include <pith/nccl/handle.cuh>

namespace pith::nccl {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Awake for a millisecond, in which most steps end; then asleep most of the time.
void pause(Clock::time_point start) {
  if (seconds_since(start) < 1e-3) {
    std::this_thread::yield();
  } else {
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

std::string text_of(double seconds) {
  std::ostringstream text;
  text << seconds;
  return text.str();
}

}  // namespace

Handle::Handle(const Library& library, const ncclUniqueId& id, int rank, int size, double seconds)
    : library_(library), rank_(rank), seconds_(seconds), exceptions_(std::uncaught_exceptions()) {
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  settle(library_.comm_init_rank_config(&comm_, size, id, rank, &config));
}

Handle::~Handle() {
  if (!comm_) return;
  if (std::uncaught_exceptions() == exceptions_ && finalize()) {
    library_.comm_destroy(comm_);
  } else {
    library_.comm_abort(comm_);
  }
}

bool Handle::finalize() {
  const auto start = Clock::now();
  ncclResult_t result = library_.comm_finalize(comm_);
  while (result == ncclInProgress && (seconds_ == 0 || seconds_since(start) < seconds_)) {
    pause(start);
    result = state();
  }
  return result == ncclSuccess;
}

ncclComm_t Handle::begin(std::string operation) {
  if (!failure_.empty()) throw TransportError(operation + ": " + failure_);
  operation_ = std::move(operation);
  return comm_;
}

ncclResult_t Handle::state() const {
  ncclResult_t state = ncclSuccess;
  const ncclResult_t result = library_.comm_get_async_error(comm_, &state);
  return result == ncclSuccess ? state : result;
}

template <class Done>
void Handle::poll(const std::string& during, const Done& done) {
  const auto start = Clock::now();
  while (!done()) {
    if (seconds_ > 0 && seconds_since(start) > seconds_) {
      fail(during, "it has not ended within " + text_of(seconds_) + " seconds");
    }
    pause(start);
  }
}

void Handle::settle(ncclResult_t result) {
  check(result, operation_);
  if (result == ncclSuccess) return;
  poll(operation_, [&] {
    result = state();
    check(result, operation_);
    return result == ncclSuccess;
  });
}

void Handle::check() {
  if (!failure_.empty()) throw TransportError("check: " + failure_);
  check(state(), operation_);
}

void Handle::wait(DeviceStream stream) {
  if (!failure_.empty()) throw TransportError("wait: " + failure_);
  poll("wait behind " + operation_, [&] {
    const bool done = cuda::is_done(stream);
    check(state(), "wait behind " + operation_);  // what an error ends looks done
    return done;
  });
}

void Handle::abort() {
  if (!comm_) return;
  library_.comm_abort(std::exchange(comm_, nullptr));
  failure_ = "the communicator of rank " + std::to_string(rank_) + " was aborted";
}

void Handle::check(ncclResult_t result, const std::string& during) {
  if (result == ncclSuccess || result == ncclInProgress) return;
  fail(during, library_.get_error_string(result));
}

void Handle::fail(const std::string& during, const std::string& reason) {
  abort();
  throw TransportError(during + " on rank " + std::to_string(rank_) + ": NCCL: " + reason);
}

}  // namespace pith::nccl
