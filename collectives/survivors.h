// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/collectives/round.h>
#include <pith/collectives/summation.h>
#include <pith/collectives/unit.h>
#include <pith/compressors/entries.h>

// Which of a unit's sums reach all ranks, and what that means for the ranks that sent them.
namespace pith {

/// The `most` entries of largest magnitude that are not zero, fewer if there are fewer; ties to the
/// lowest index. In `scratch`. One read of x, and O(entries).
template <Element T>
Entries<T> largest_entries(std::span<const T> x, std::size_t most, Scratch& scratch);

/// What the owner of a segment sends of its mean: its `most` largest entries with exact values, or
/// the whole mean if that takes no more bytes. Sets segment.codec. Nothing of no elements.
template <Element T>
std::span<const std::byte> write_survivors(Unit<T>& segment, std::size_t most, Round& round);

/// Those of this rank's entries at whose index the owners, whose segments are open, have sent
/// something that is not zero; in `scratch`. O(entries), and a write of n elements in the cache.
template <Element T>
Entries<T> surviving(const Entries<T>& sent, const Summation<T>& owners, std::size_t unit,
                     std::span<const std::size_t> cuts, Scratch& scratch);

}  // namespace pith
