// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <pith/core/scratch.h>

// How a sparse message says which of a segment's elements it keeps. Indices ascend strictly and are
// relative to the segment.
namespace pith {

enum class IndexCoding : std::uint8_t {
  automatic,  ///< whichever of the two takes fewer bytes, raw32 if they take the same
  raw32,      ///< u32 index[count]
  bitmap      ///< one bit per element of the segment, least significant bit first
};

/// Bits of `count` indices in a segment of n elements.
std::size_t index_bits(IndexCoding coding, std::size_t count, std::size_t n);

/// Writes `indices`, counted from `first`, to `bytes`, which are as many as index_bits() needs.
void write_indices(IndexCoding coding, std::span<const std::uint32_t> indices, std::size_t first,
                   std::size_t n, std::span<std::byte> bytes);

/// The `count` indices that `bytes` holds, taken from `scratch`.
/// Throws WireError, beginning with `codec`, if they are not `count` ascending numbers below n.
std::span<const std::uint32_t> read_indices(IndexCoding coding, std::span<const std::byte> bytes,
                                            std::size_t count, std::size_t n, Scratch& scratch,
                                            const char* codec);

}  // namespace pith
