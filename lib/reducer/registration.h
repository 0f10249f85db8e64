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

/// Compares a text between all ranks and returns its hash. `what` begins the error: "the ranks
/// registered different things".
/// Wire     (p-1) * 8 bytes; if ranks differ, the texts too.
/// Throws   UsageError on every rank: the first line that differs, and the ranks.
std::uint64_t compare_texts(Communicator& communicator, const std::string& what,
                            const std::string& text);

}  // namespace pith
