// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/cast_linear.h>
#include <pith/compressors/device_linear.h>
#include <pith/compressors/lowrank.h>
#include <pith/compressors/randomk.h>

// The device's compressor that does what a host's does.
namespace pith {

std::unique_ptr<DeviceLinearCompressor> make_device_cast_linear(const CastLinear<float>& host);
std::unique_ptr<DeviceLinearCompressor> make_device_randomk(const RandomK<float>& host);
std::unique_ptr<DeviceLinearCompressor> make_device_lowrank(const LowRank<float>& host,
                                                            DeviceStream stream);

}  // namespace pith
