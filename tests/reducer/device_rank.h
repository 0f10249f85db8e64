// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include <pith/comm/staged_communicator.h>
#include <pith/reducer/reducer.h>

#include "device_ways.h"
#include "emulation/cuda_runtime.h"
#include "support/device.h"
#include "support/usage_error.h"

namespace pith::test {

/// A rank with all tensors on an emulated device, of which there are two.
class DeviceRank {
 public:
  /// `devices`: if not null, between them.
  DeviceRank(Communicator& communicator, const Travel& travel, double clip = 0,
             DeviceCommunicator* devices = nullptr)
      : communicator_(communicator), device_(communicator.rank() % 2) {
    cuda::use_device(device_);
    stream_.emplace();
    node_ = communicator.split_node();
    devices_.emplace(travel.way == Way::node ? *node_ : communicator);
    auto options = options_of(travel, devices ? *devices : *devices_);
    options.clip = clip;
    reducer_.emplace(communicator, options);
    for (const Variable& variable : kModel) {
      reducer_->add(variable.name, variable.shape, ElementType::float32, Space::device);
    }
  }
  ~DeviceRank() { emulation::limit_device_memory(device_, emulation::kNoLimit); }

  Reducer& reducer() { return *reducer_; }
  int rank() const { return communicator_.rank(); }
  void barrier() { communicator_.barrier(); }
  void limit(std::size_t bytes) { emulation::limit_device_memory(device_, bytes); }

  /// The gradients of a step, on the device.
  void load(int step, bool finite = true) {
    there_.clear();
    for (const Variable& variable : kModel) {
      auto x = gradient_of(variable, rank(), step);
      if (!finite) x[x.size() / 2] = std::numeric_limits<float>::quiet_NaN();
      there_.push_back(to_device(x, *stream_));
    }
  }

  /// Returns what went wrong, and of which kind it is if that is not a mistake.
  std::string step(bool overlapped, bool skips = false, std::size_t tensors = kModel.size()) {
    result_ = {};
    const auto work = [&] {
      if (overlapped) reducer_->begin();
      for (std::size_t v = 0; v < tensors; ++v) {
        const auto memory = there_[v].span();
        skips ? reducer_->skip(kModel[v].name, memory, *stream_)
              : reducer_->push(kModel[v].name, memory, *stream_);
      }
      result_ = reducer_->wait();
    };
    try {
      return usage_error(work);
    } catch (const DeviceError& error) {
      return std::string("DeviceError: ") + error.what();
    }
  }
  const StepResult& result() const { return result_; }

  std::vector<std::vector<float>> estimates() {
    std::vector<std::vector<float>> all;
    for (const auto& x : there_) all.push_back(to_host(x.span(), *stream_));
    return all;
  }

 private:
  Communicator& communicator_;
  int device_;
  std::optional<cuda::Stream> stream_;
  std::unique_ptr<Communicator> node_;
  std::optional<StagedCommunicator> devices_;
  std::optional<Reducer> reducer_;
  std::vector<cuda::DeviceBuffer<float>> there_;
  StepResult result_;
};

}  // namespace pith::test
