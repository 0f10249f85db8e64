// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/core/device_span.h>
#include <pith/cuda/device_scratch.h>

namespace pith {

/// *out, on the device, = sum of x[i]^2, each square exact and added in double:
///
///   by a thread    16 elements, one behind the other
///   by a block     4,096 elements: its threads' sums, warp by warp, then those of its 8 warps
///   in the end     by one block: every thread each 256th of those, then likewise
///
/// whatever the device, so that there are the same bits on all of them, but not the host's
/// squared_norm() (lib/core/vector.h), which adds up a sixteenth of all elements one behind the
/// other.
///
/// Error    k additions behind each other that round, k = 39 + n / 2^20: at most k u / (1 - k u) of
///          the sum, u = 2^-53. The host's likewise, k = 4 + n / 16. Not finite if an element is
///          not.
/// Cost     one read of x.
/// Memory   n / 512 bytes of scratch.
void squared_norm(DeviceSpan<const float> x, double* out, cuda::DeviceScratch& scratch,
                  DeviceStream stream);

}  // namespace pith
