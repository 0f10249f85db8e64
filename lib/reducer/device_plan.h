// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <pith/reducer/layout.h>
#include <pith/reducer/settings.h>

namespace pith {

/// Throws UsageError if a unit lies on a device and the settings have what is for host memory only:
/// no `device`, commit=inplace, a node stage between all devices; auto(...),
/// adaptive(objective=time), exchange=auto or the sparse exchange for that unit; or a rule that
/// sends two messages. And if a compressor of its schedule, or a candidate, is for the host only.
void check_devices(const std::vector<UnitPlan>& units, const Settings& settings);

}  // namespace pith
