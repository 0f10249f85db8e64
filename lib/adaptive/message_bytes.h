// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include <pith/compressors/message.h>
#include <pith/core/scratch.h>
#include <pith/core/shape.h>
#include <pith/core/spec.h>

namespace pith {

/// Bytes of a sparse compressor's message where the kept elements are spread over the tensor at
/// random, each place as likely as any other.
///
/// Error   2 % of what encode() returns for independent elements where 100 or more are kept. Kept
///         elements that cluster take less.
/// Cost    up to 4,096 entries are made up and coded; of more, each takes as much as of these.
template <Element T>
class SpreadBytes {
 public:
  explicit SpreadBytes(std::unique_ptr<SparseCompressor<T>> compressor)
      : compressor_(std::move(compressor)) {}

  /// Of `kept` of n elements.
  double operator()(std::size_t kept, std::size_t n, Scratch& scratch) const;

 private:
  double of_draw(std::size_t kept, std::size_t n, std::uint64_t draw, Scratch& scratch) const;

  std::unique_ptr<SparseCompressor<T>> compressor_;
};

/// Elements that a sparse compressor keeps of n, if that depends on nothing else.
template <Element T>
std::optional<std::size_t> always_kept(const SparseCompressor<T>& compressor, std::size_t n);

/// What one step of a candidate is expected to send of a tensor: its message, uncut and with its
/// padding, or its factors, of acp the mean of the two; `none`: the elements. Exact where it
/// depends on the shape alone. Nothing for what depends on the data: threshold, topk with sample=,
/// dct_topk, fedzip, coding=elias, zstd.
template <Element T>
std::optional<double> expected_bytes(const Pipeline& pipeline, const Shape& shape,
                                     Scratch& scratch);

}  // namespace pith
