// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include <pith/compressors/linear.h>
#include <pith/compressors/message.h>
#include <pith/core/shape.h>
#include <pith/core/spec.h>

namespace pith {

/// One compressor by name: the table below feeds users, tests, benchmarks and the docs. It holds
/// what this build has.
struct CompressorEntry {
  std::string_view name;     ///< as in a spec
  std::uint16_t codec;       ///< as in a message's directory; never reused
  std::string_view example;  ///< a complete spec
  std::string_view source;   ///< where it was published
  bool message;              ///< make_message() accepts it
  bool linear;               ///< make_linear() accepts it
  bool sparse;               ///< its messages are sparse: gathered rather than sharded
};

/// All compressors but `none`, which is the absence of one.
std::span<const CompressorEntry> compressors();

/// The entry of that name; throws UsageError with the nearest known one.
const CompressorEntry& compressor(std::string_view name);

/// Builds the compressor that `pipeline` describes for tensors of `shape`. A second stage codes the
/// values that a sparse first one keeps: topk(density=0.01)|quantize(bits=4). A last stage `zstd`
/// packs the message of those before it.
/// Throws UsageError for unknown names and arguments, values out of range, stages that do not fit,
/// and kinds that the compressor is not of; the message quotes the spec.
template <Element T>
std::unique_ptr<MessageCompressor<T>> make_message(const Pipeline& pipeline, const Shape& shape);

/// Whether the pipeline's messages are entries that can be cut and summed one by one: its first
/// stage is sparse, and no zstd packs the message.
bool is_sparse(const Pipeline& pipeline);

/// Also throws UsageError if not is_sparse().
template <Element T>
std::unique_ptr<SparseCompressor<T>> make_sparse_message(const Pipeline& pipeline,
                                                         const Shape& shape);

/// How an owner of the sparse exchange sends a segment that is filled.
inline constexpr std::string_view kFilledSegment = "identity";

/// Also throws UsageError if the compressor needs a matrix and `shape` is not one.
template <Element T>
std::unique_ptr<LinearCompressor<T>> make_linear(const Pipeline& pipeline, const Shape& shape);

/// Codec id of the payload's outermost layer: the first stage, or a last one that is `zstd`.
std::uint16_t codec_of(const Pipeline& pipeline);

}  // namespace pith
