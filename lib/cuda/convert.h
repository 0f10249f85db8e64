// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/core/device_span.h>
#include <pith/core/half.h>

// Vectors on a device to and from the shorter formats that trainers keep gradients in: Number is
// Half or BFloat16. Work for the stream; spans of one call have one length.
namespace pith::cuda {

/// out[i] = x[i], exactly; a NaN stays a NaN.
template <class Number>
void widen(DeviceSpan<const Number> x, DeviceSpan<float> out, DeviceStream stream);

/// out[i] = x[i], to nearest, ties to even: the bits of to_number(), so infinity beyond Number's
/// largest value.
template <class Number>
void narrow(DeviceSpan<const float> x, DeviceSpan<Number> out, DeviceStream stream);

}  // namespace pith::cuda
