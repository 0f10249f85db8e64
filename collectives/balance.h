// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <pith/core/scratch.h>

// Where to cut a tensor so that every owner receives about as many entries: a pure function of what
// all ranks tell each other, so every rank comes to the same cuts.
namespace pith {

/// Indices that a rank tells of its entries, for each rank that there is.
inline constexpr std::size_t kSamplesPerRank = 8;

/// One rank's entries of a unit in short.
struct Summary {
  std::uint32_t count = 0;
  std::span<const std::uint32_t> samples = {};  ///< as write_summary() takes them; ascending
};

/// Of a summary on the wire, for p ranks: padded(4 + 4 s), s = 8 p samples.
std::size_t summary_bytes(std::size_t ranks);

/// Writes what there is to say of these indices: u32 count, u32 sample[s], zeros up to a multiple
/// of 16 bytes. sample[j] = indices[floor(j count / s)]: the first entry of the j-th of s equal
/// parts; 0 if there are no entries.
void write_summary(std::span<const std::uint32_t> indices, std::size_t ranks,
                   std::span<std::byte> out);

/// Reads it; the samples lie in `scratch`. Throws WireError if it cannot be of a tensor of n
/// elements, n > 0.
Summary read_summary(std::span<const std::byte> bytes, std::size_t n, std::size_t ranks,
                     Scratch& scratch);

/// p+1 cuts of a tensor of n elements for the owners of its p segments; in `scratch`. A sample
/// weighs what lies between it and the next one. In the order of all samples, the lowest rank first
/// among equal ones, cut r is the first sample before which r/p of the weight lies. Even cuts if
/// there are no entries.
///
/// Error    a segment has between 3/4 and 5/4 of a p-th of all ranks' entries, unless more than
///          that are at one index.
/// Cost     O(p s log(p s)).
std::span<const std::size_t> balanced_cuts(std::span<const Summary> ranks, std::size_t n,
                                           Scratch& scratch);

/// How many entries an owner may keep: a p-th, rounded up, of what the rank with the most sent.
std::size_t survivors_per_owner(std::span<const Summary> ranks);

}  // namespace pith
