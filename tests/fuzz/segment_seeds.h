// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

namespace pith::test {

/// Writes valid segments of every spec to a folder, as inputs of a target with this list: whole
/// tensors of float, and the rest of one of double that is cut within a block.
void write_segment_seeds(std::span<const std::string> specs, const std::string& folder);

}  // namespace pith::test
