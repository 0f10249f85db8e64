// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <pith/core/device_span.h>

namespace pith {

/// How a DeviceSource composes element i of what is sent (u) of a gradient g, and what becomes of
/// its states once it is known to be sent as q. a is the gradient's scale, s that of the states.
enum class Composing : std::uint8_t {
  gradient,    ///< u = a g
  residual,    ///< u = a g + s e            e' = u - q
  difference,  ///< u = a g - s h            h' = s h + q
  momentum,    ///< v' = (1 - eta) (s v) + eta (a g)    u = v' - s h    h' = s h + q
  control      ///< r = s e, d = a g - s h   u = eta r + d   e' = (r + d) - q   h' = s h + q
};

/// What a rule composes on a device, element by element, as part of the kernel that encodes it:
/// each kernel composes what it reads, and the one that knows what was sent writes the next state.
/// Rounds as the host's rule does, operation by operation. All arrays have `size` elements; those
/// that a way of composing does not know are null; a next one may be the current one.
struct DeviceSource {
  Composing composing = Composing::gradient;
  std::size_t size = 0;
  const std::uint32_t* count = nullptr;  ///< on the device: so many elements there are, not `size`
  const float* gradient = nullptr;       ///< g
  float gradient_scale = 1;              ///< a
  float state_scale = 1;                 ///< s
  float eta = 1;
  const std::uint64_t* cuts = nullptr;  ///< on the device: those of its message, not the call's
  const float* own = nullptr;           ///< e of residual, h of the others
  float* next_own = nullptr;
  const float* other = nullptr;  ///< v of momentum, e of control
  float* next_other = nullptr;
};

}  // namespace pith
