// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <pith/compressors/kmeans.h>
#include <pith/core/bytes.h>
#include <pith/core/scratch.h>

// Which cluster each element of a segment is in, written in one of three ways. How many are in each
// is known to both sides; the *common* cluster is the largest, the lowest of several.
//
// Wire     huffman      the labels by the code of huffman.h
//          table        of every other cluster, in order: the positions of its elements, ascending,
//                       in ceil(log2 n) bits each; one array
//          differences  of every other cluster, in order: its positions as index_coding.h writes
//                       them with index=rice
namespace pith {

enum class LabelCoding : std::uint8_t { huffman, table, differences };

using LabelCounts = std::span<const std::uint32_t>;

/// By its name in a spec.
LabelCoding label_coding(std::string_view name);

/// The labels of a segment: of all elements; or those of the common cluster but for some positions.
struct Labels {
  std::span<const std::uint8_t> all;
  std::uint8_t common = 0;  ///< if `all` is empty
  std::array<std::span<const std::uint32_t>, kMostClusters> positions{};

  /// Those from `first` on.
  void get(std::size_t first, std::span<std::uint8_t> out) const;
};

/// Upper bound on the bytes of n elements. Every cut adds at most label_bytes_per_cut().
std::size_t most_label_bytes(LabelCoding coding, std::size_t clusters, std::size_t n);
std::size_t label_bytes_per_cut(std::size_t clusters);

/// Writes labels that have these counts.
void write_labels(LabelCoding coding, LabelCounts counts, std::span<const std::uint8_t> labels,
                  ByteWriter& writer, Scratch& scratch);

/// The labels that come next, in `scratch`, and how many bits they fill; what is behind these in
/// the last byte is not looked at. The counts add up to the segment's elements. Memory is taken for
/// what the bytes can hold. Throws WireError, beginning with `codec`, for too few bytes, codes that
/// do not have the counts, and positions that do not ascend, lie outside, or are in two clusters.
struct ReadLabels {
  Labels labels;
  std::size_t bits = 0;
};
ReadLabels read_labels(LabelCoding coding, LabelCounts counts, ByteReader& reader, Scratch& scratch,
                       const char* codec);

}  // namespace pith
