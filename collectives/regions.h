// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>
#include <pith/compressors/entries.h>

namespace pith {

/// All ranks tell each other where their entries lie (balance.h), one Entries per unit, and cut
/// every unit alike: sets unit.cuts. Returns how many entries an owner may keep of each unit.
///
/// Wire     (p-1) (16 + m), m = bytes of a message with summary_bytes(p) for each unit.
/// Steps    one all-gather of sizes and signatures, one all-gather-v.
/// Throws   as gather(). A summary that is damaged is noted in round.faults, and the cuts are then
///          this rank's own.
template <Element T>
std::span<const std::size_t> agree_on_regions(std::span<Unit<T>> bucket,
                                              std::span<const Entries<T>> entries, Round& round);

}  // namespace pith
