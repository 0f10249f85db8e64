// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/core/error.h>
#include <pith/cuda/stream.h>

namespace pith::cuda {

/// While it lives, this thread uses that device; then the one from before.
class OnDevice {
 public:
  explicit OnDevice(int device) : before_(current_device()) {
    if (device != before_) use_device(device);
  }
  ~OnDevice() {
    try {
      if (before_ != current_device()) use_device(before_);
    } catch (const Error&) {  // of earlier work: the next call tells that too
    }
  }
  OnDevice(const OnDevice&) = delete;
  OnDevice& operator=(const OnDevice&) = delete;

 private:
  int before_;
};

}  // namespace pith::cuda
