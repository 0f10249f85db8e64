// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <pith/cuda/memory.h>
#include <pith/feedback/device_state.h>

namespace pith {

/// FollowedGradient (followed_gradient.h) on a device, which follows by all that is sent.
///
///   own'  = s own + sent      by the kernel that encodes
///   mean' = mean + the mean of what was sent;  estimate = mean'
class DeviceFollowed {
 public:
  DeviceFollowed(std::size_t n, Commit commit, DeviceStream stream)
      : own_(n, commit, stream), mean_(n) {
    cuda::clear(mean_.span(), stream);
  }

  void write_to(DeviceSource& x) const {
    x.own = own_.current().data();
    x.next_own = own_.next();
  }

  void accept() { own_.accept(); }
  void absorb(DeviceSpan<const float> mean_sent, DeviceSpan<float> estimate, DeviceStream stream);

  std::vector<DeviceStateView> states() const {
    return {own_.view("own"), {"mean", true, mean_.span()}};
  }

 private:
  DeviceState own_;
  cuda::DeviceBuffer<float> mean_;
};

}  // namespace pith
