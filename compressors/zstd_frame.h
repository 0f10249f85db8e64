// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/core/scratch.h>

// The part of libzstd that messages need. Each thread keeps one context for writing and one for
// reading, so that neither takes memory in every step, and instances may be used by any thread.
namespace pith {

inline constexpr int kMostLevel = 22;

/// Writes `raw` as one Zstandard frame without dictionary and checksum, and returns its bytes: 0 if
/// `frame` is too small for it. `level` is 1 to kMostLevel.
std::size_t write_frame(std::span<const std::byte> raw, int level, std::span<std::byte> frame);

/// What the frame holds; in `scratch`. Throws WireError unless it is exactly one frame of today's
/// format that says it holds `raw` bytes, before it takes memory, and does hold them.
std::span<const std::byte> read_frame(std::span<const std::byte> frame, std::size_t raw,
                                      Scratch& scratch);

}  // namespace pith
