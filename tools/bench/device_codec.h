// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "options.h"

namespace pith::bench {

/// `pith-bench codec --device`: one tensor of floats on the current device is composed, encoded and
/// committed, and messages are decoded into their mean; in turns with a copy from device to device.
/// Returns the exit code. Throws UsageError without a device, or in a build without CUDA.
int measure_on_device(const CodecOptions& options);

}  // namespace pith::bench
