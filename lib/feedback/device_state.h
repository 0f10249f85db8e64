// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include <pith/cuda/memory.h>
#include <pith/feedback/device_feedback.h>

namespace pith {

/// PrivateState (private_state.h) on a device: read from current(), written by kernels, swapped by
/// accept(). With Commit::inplace what is written is what is read. Zero at first.
class DeviceState {
 public:
  DeviceState(std::size_t n, Commit commit, DeviceStream stream)
      : current_(n), next_(commit == Commit::step ? n : 0) {
    cuda::clear(current_.span(), stream);
  }

  DeviceSpan<float> current() const { return current_; }
  float* next() const { return (next_.size() > 0 ? next_ : current_).span().data(); }

  void accept() {
    if (next_.size() > 0) std::swap(current_, next_);
  }

  DeviceStateView view(std::string name) const {
    return {std::move(name), false, current_.span()};
  }

 private:
  cuda::DeviceBuffer<float> current_;
  cuda::DeviceBuffer<float> next_;
};

}  // namespace pith
