// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <pith/compressors/guarantee.h>
#include <pith/reducer/layout.h>

namespace pith {

/// What a trainer should be told once about its settings, in words: rules that stall or diverge in
/// its situation, and that nothing is compressed although something was asked for.
std::vector<std::string> advice(const std::vector<UnitPlan>& units, const Settings& settings);

}  // namespace pith
