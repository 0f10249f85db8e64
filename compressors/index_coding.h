// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <pith/compressors/index_coder.h>
#include <pith/core/bytes.h>
#include <pith/core/scratch.h>

// How a sparse message says which of a segment's elements it keeps: as the coder of index_coder.h
// does that takes the fewest bytes, or a certain one.
//
// Wire     u8 coder, u56 bytes, and that many bytes of the coder's
namespace pith {

/// The values are those on the wire; `automatic` is never there.
enum class IndexCoding : std::uint8_t {
  automatic,  ///< the cheapest; of several the first in this list
  raw32,
  bitmap,
  delta,
  rice,
  elias_fano,
  runs16
};

/// By its name in a spec; automatic for any other.
IndexCoding index_coding(std::string_view name);

/// Any coding but automatic.
const IndexCoder& index_coder(IndexCoding coding);

/// Upper bound on what write_indices() writes for `count` or fewer indices below n. Every cut adds
/// at most index_bytes_per_cut().
std::size_t most_index_bytes(IndexCoding coding, std::size_t count, std::size_t n);
std::size_t index_bytes_per_cut();

/// Throws UsageError if the indices do not ascend or lie outside of the segment.
void write_indices(IndexCoding coding, const Support& support, ByteWriter& writer);

/// The `count` indices that come next, relative to a segment of n elements; from `scratch`.
/// Throws WireError, beginning with `codec`, unless they are `count` ascending numbers below n by a
/// coder that `coding` allows.
std::span<const std::uint32_t> read_indices(IndexCoding coding, ByteReader& reader,
                                            std::size_t count, std::size_t n, Scratch& scratch,
                                            const char* codec);

}  // namespace pith
