// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <pith/adaptive/policy.h>

namespace pith {

/// The policy that lets the entry choose which holds at the measurements' step; one for each of the
/// schedule's.
std::unique_ptr<Policy> make_policy_schedule(Schedule schedule,
                                             std::vector<std::unique_ptr<Policy>> entries,
                                             std::span<const std::string> names);

}  // namespace pith
