// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <pith/core/device_span.h>

#include "codec.h"

namespace pith::bench {

/// So many steps of a codec on the device, from its first state on, against plain steps on the
/// host: payloads to the byte, means to the bit; those of low-rank up to 1e-4 of the largest value.
CodecCheck check_on_device(const CodecCase& codec, const Gradients<float>& gradients,
                           std::size_t steps, DeviceStream stream);

}  // namespace pith::bench
