// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <pith/compressors/index_coding.h>
#include <pith/compressors/message.h>
#include <pith/core/arguments.h>
#include <pith/core/spec.h>

namespace pith {

/// What index= and values= of a spec say, and their defaults.
struct SparseArguments {
  IndexCoding index;
  std::string values;
};

SparseArguments sparse_arguments(Arguments& arguments);

/// The second stage that `values` stands for; identity for raw.
Spec values_stage(const std::string& values);

/// Decides which elements a sparse message keeps.
template <Element T>
class Selector {
 public:
  virtual ~Selector() = default;

  /// At most so many of n elements are kept.
  virtual std::size_t most(std::size_t n) const = 0;

  /// Takes all of x, which has less than 2^32 elements, and returns those to keep, in `scratch`. A
  /// NaN or an infinity, if there are any, is among them.
  virtual Entries<T> select(Source<T>& x, Scratch& scratch) const = 0;

  /// With the kept values exact. A contraction promises that at least that part of ||x||^2 is kept.
  virtual Guarantee guarantee(std::size_t n) const = 0;
};

/// The message of every compressor that keeps some elements: which they are, and their values as
/// another message compressor codes them. All kept values of the tensor are one array to it, cut
/// where the segments are, so cuts do not change what it decodes to.
///
/// Arguments of the spec besides the selector's own:
///   index=auto|raw32|bitmap|delta|rice|elias_fano|runs16
///                              index_coding.h; auto (the default): the one that takes fewest bytes
///   values=raw|fp32|fp16|bf16|8bit|4bit|2bit
///                              raw: as they are (the default); fp32, fp16 and bf16 are the same as
///                              a second stage |cast(...), the others as |levels(bits=...)
///
/// Wire     u32 count, u32 first (kept elements in earlier segments), u8 coder, u56 bytes, indices
///          of so many bytes, zero padding to 16 bytes; then the segment of the values.
///          max(n) = 2^32 - 1.
/// Error    that of the values added to the part that is dropped: what composed() says.
/// Cost     the selection; then O(kept), and n / 8 bytes for a bitmap, coding and decoding alike.
/// Throws   UsageError if both values= and a second stage are given. open, visit: WireError
///          for a wrong length, count, coder, padding, indices that do not ascend or lie outside,
///          and what the values' compressor finds.
template <Element T>
std::unique_ptr<SparseCompressor<T>> make_sparse(const Spec& spec, Arguments& arguments,
                                                 std::unique_ptr<Selector<T>> selector,
                                                 std::unique_ptr<MessageCompressor<T>> second);

}  // namespace pith
