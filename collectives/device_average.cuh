// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/collectives/device_round.h>
#include <pith/compressors/device_source.h>
#include <pith/core/element.h>

namespace pith {

/// Replaces x, which has been rounded to `type`, by its mean over the ranks, moved as that type.
/// What is not finite then is noted.
void average(DeviceSpan<float> x, ElementType type, const DeviceRound& round);

/// mean = the mean over the ranks of what x composes, which is rounded to float16 or bfloat16, and
/// committed and moved as that. What is not finite is noted.
void average_rounded(const DeviceSource& x, ElementType type, DeviceSpan<float> mean,
                     const DeviceRound& round);

}  // namespace pith
