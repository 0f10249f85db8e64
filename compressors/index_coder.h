// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pith {

/// The elements of a segment that a sparse message keeps: indices in the tensor, which ascend
/// strictly in [first, first + n).
struct Support {
  std::span<const std::uint32_t> indices;
  std::size_t first = 0;  ///< element of the segment
  std::size_t n = 0;      ///< elements of the segment, below 2^32
};

/// One way to write down a support. On the wire, indices are relative to the segment.
///
/// The same support gives the same bytes on every machine, and bits that nothing is stored in are
/// zero.
class IndexCoder {
 public:
  virtual ~IndexCoder() = default;

  /// Bytes that write() needs.
  virtual std::size_t cost(const Support& support) const = 0;

  /// Upper bound on cost() for any `count` or fewer indices below n. In several segments the bytes
  /// add up to at most kIndexBytesPerCut more for each cut.
  virtual std::size_t most(std::size_t count, std::size_t n) const = 0;

  /// bytes.size() == cost(support)
  virtual void write(const Support& support, std::span<std::byte> bytes) const = 0;

  /// Fills `indices`, relative to the segment of n elements. Throws WireError, beginning with
  /// `codec`, unless `bytes` are what write() gives for so many ascending indices below n, or
  /// would with other parameters of its own choice.
  virtual void read(std::span<const std::byte> bytes, std::size_t n,
                    std::span<std::uint32_t> indices, const char* codec) const = 0;
};

/// A block directory entry and the partly filled bytes of two arrays.
inline constexpr std::size_t kIndexBytesPerCut = 3;

// What readers check. Each throws WireError, beginning with `codec`.

/// That the indices take as many bytes as they have to.
void check_index_bytes(const char* codec, std::size_t bytes, std::size_t expected);

/// That nothing is set in `bytes` behind the first `bits` bits, which end in the last byte.
void check_index_padding(const char* codec, std::span<const std::byte> bytes, std::size_t bits);

/// That an index lies in a segment of n elements.
void check_index(const char* codec, std::uint64_t index, std::size_t n);

}  // namespace pith
