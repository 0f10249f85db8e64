// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/core/device_span.h>

#include "codec.h"

namespace pith::bench {

/// A compressor with its rule on one tensor of a device. Work is put into a stream; nothing waits.
class DeviceArm {
 public:
  virtual ~DeviceArm() = default;

  /// Composes, encodes and commits.
  virtual void encode(DeviceSpan<const float> gradient, DeviceStream stream) = 0;

  /// The last messages, as many as there are ranks, into their mean: so each step's is one rank's.
  /// Of a linear compressor the reconstruction.
  virtual void decode(DeviceStream stream) = 0;

  virtual DeviceSpan<const float> mean() const = 0;

  /// What a linear compressor starts its next step from; empty for others.
  virtual DeviceSpan<const float> compressor_state() const { return {}; }

  /// Of the last message; waits.
  virtual std::vector<std::byte> payload(DeviceStream stream) const = 0;
};

std::unique_ptr<DeviceArm> make_device_arm(const CodecCase& codec, DeviceStream stream);

}  // namespace pith::bench
