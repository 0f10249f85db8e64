// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/comm/device_communicator.h>
#include <pith/compressors/device_message.h>
#include <pith/core/device_span.h>
#include <pith/cuda/device_scratch.h>

namespace pith {

/// What the exchanges of one step share that stay on the device. Their work is put into `stream`;
/// `scratch` is cleared when the step has ended.
struct DeviceRound {
  DeviceCommunicator& communicator;
  cuda::DeviceScratch& scratch;
  DeviceStream stream = nullptr;
  float divisor = 1;             ///< of the sum over the ranks
  DeviceFault* fault = nullptr;  ///< on the device
};

}  // namespace pith
