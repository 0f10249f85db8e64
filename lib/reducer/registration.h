// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/reducer/layout.h>
#include <pith/reducer/settings.h>

namespace pith {

/// Everything registered, one line each: settings and tensors.
std::string registration_text(const std::vector<Tensor>& tensors, const Settings& settings);

/// Compares the registration between all ranks and returns its hash.
/// Wire     (p-1) * 8 bytes; if ranks differ, the texts too.
/// Throws   UsageError on every rank: the first line that differs, and the ranks.
std::uint64_t compare_registration(Communicator& communicator, const std::string& text);

}  // namespace pith
