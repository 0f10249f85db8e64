// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include <pith/compressors/decoded.h>
#include <pith/compressors/entries.h>
#include <pith/compressors/guarantee.h>
#include <pith/compressors/source.h>
#include <pith/core/element.h>
#include <pith/core/error.h>
#include <pith/core/random.h>
#include <pith/core/scratch.h>

namespace pith {

/// Where a message is cut: segment s holds the elements [cuts[s], cuts[s+1]) of the tensor;
/// cuts.front() = 0 and cuts.back() = n. One segment is {0, n}.
using Cuts = std::span<const std::size_t>;

inline std::size_t segments(Cuts cuts) { return cuts.size() - 1; }

/// Where encode() writes: the bytes of all segments one after the other, and how many each took.
struct Wire {
  std::span<std::byte> bytes;
  std::span<std::size_t> sizes;  ///< one per segment
};

/// One segment on its way in: its bytes, and the index of its first element in the tensor.
struct Segment {
  std::span<const std::byte> bytes;
  std::size_t first = 0;
};

/// A tensor that is to be encoded has a NaN or an infinity.
class NonFiniteError : public UsageError {
 public:
  NonFiniteError() : UsageError("an element is not finite") {}
};

/// Turns a tensor of n elements into bytes and back; each rank's message stands for itself.
///
/// One instance per tensor. The cuts do not change what is decoded: statistics are taken over all
/// of x (or over blocks counted from the tensor's start) and repeated per segment, and random
/// numbers are keyed by the global element index.
template <Element T>
class MessageCompressor {
 public:
  virtual ~MessageCompressor() = default;

  /// Upper bound on the bytes of n elements in `segments` segments; the same on every rank.
  virtual std::size_t max_wire_bytes(std::size_t n, std::size_t segments) const = 0;

  /// Upper bound on one segment of n elements, wherever it lies in a tensor of any size: it may
  /// begin within a block, and hold all that a sparse message keeps.
  virtual std::size_t max_segment_bytes(std::size_t n) const { return max_wire_bytes(n, 2); }

  /// Writes one message and returns the bytes used, a multiple of kWireAlignment, as is every
  /// segment. wire.bytes.size() >= max_wire_bytes(x.size(), segments(cuts)). Throws NonFiniteError
  /// if an element is a NaN or an infinity.
  virtual std::size_t encode(Source<T>& x, Cuts cuts, const RandomKey& key, Wire wire,
                             Scratch& scratch) = 0;

  /// The same of a tensor that lies in memory.
  std::size_t encode(std::span<const T> x, Cuts cuts, const RandomKey& key, Wire wire,
                     Scratch& scratch) {
    WholeSource<T> source(x);
    return encode(source, cuts, key, wire, scratch);
  }

  /// Looks through any rank's segment of n elements, n > 0; the result needs its bytes, and lies in
  /// `scratch`. Throws WireError if they are not a valid segment.
  virtual const Decoded<T>& open(Segment segment, std::size_t n, Scratch& scratch) const = 0;

  /// y += a * decode(segment); y are the segment's elements. Throws WireError, with y untouched.
  void decode_axpy(T a, Segment segment, std::span<T> y, Scratch& scratch) const {
    const Scratch::Frame frame(scratch);
    open(segment, y.size(), scratch).axpy(a, segment.first, y);
  }

  /// For tensors of n elements.
  virtual Guarantee guarantee(std::size_t n) const = 0;
};

/// A message compressor that keeps some elements and drops the others: decoding costs O(k).
/// encode() is select() and then write(): who wants to cut between the entries does them apart.
template <Element T>
class SparseCompressor : public MessageCompressor<T> {
 public:
  /// Keeps at most so many of n elements; just as many if guarantee() promises a contraction.
  virtual std::size_t most_kept(std::size_t n) const = 0;

  /// Takes all of x and returns the elements to keep, in `scratch`. Throws NonFiniteError.
  virtual Entries<T> select(Source<T>& x, Scratch& scratch) const = 0;

  /// Upper bound on the bytes of so many entries of n elements.
  virtual std::size_t max_bytes_of(std::size_t entries, std::size_t n,
                                   std::size_t segments) const = 0;

  /// Writes these entries of a tensor of cuts.back() elements, whoever has chosen them, and returns
  /// them as the others will see them, in `scratch`. wire.bytes.size() >= max_bytes_of(). Throws
  /// NonFiniteError.
  virtual Entries<T> write(const Entries<T>& entries, Cuts cuts, const RandomKey& key, Wire wire,
                           Scratch& scratch) const = 0;

  /// The same selection and indices, with values as they are.
  virtual std::unique_ptr<SparseCompressor> with_exact_values() const = 0;

  using Visitor = std::function<void(std::size_t index, T value)>;

  /// Calls visit(index, value) for every entry, index relative to the segment of n elements and
  /// ascending. Throws WireError before the first call if the bytes are not valid.
  virtual void visit(Segment segment, std::size_t n, Scratch& scratch,
                     const Visitor& visit) const = 0;
};

}  // namespace pith
