// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/device_message.h>
#include <pith/core/spec.h>

// The makers of the table in device_registry.cc: of what the functions of the same names without
// `device` make on the host (identity.h, cast.h, onebit.h, quantize.h, levels.h). Each throws
// UsageError as they do.
namespace pith {

std::unique_ptr<DeviceMessageCompressor> make_device_identity(const Spec& spec);
std::unique_ptr<DeviceMessageCompressor> make_device_cast(const Spec& spec);
std::unique_ptr<DeviceMessageCompressor> make_device_onebit(const Spec& spec);
std::unique_ptr<DeviceMessageCompressor> make_device_quantize(const Spec& spec);
std::unique_ptr<DeviceMessageCompressor> make_device_levels(const Spec& spec);

}  // namespace pith
