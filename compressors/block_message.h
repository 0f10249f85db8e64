// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string>

#include <pith/compressors/bits.h>
#include <pith/compressors/blocks.h>
#include <pith/compressors/finite.h>
#include <pith/compressors/message.h>
#include <pith/compressors/rounding_point.h>
#include <pith/compressors/segments.h>
#include <pith/core/bytes.h>
#include <pith/core/error.h>

namespace pith {

template <Element T, class Scheme, class Statistics>
class CodeByCode {
 public:
  void put(BitWriter& codes, std::span<const T> x, const Statistics& block,
           const RoundingPoint& point, std::size_t first) const {
    for (std::size_t i = 0; i < x.size(); ++i) {
      codes.put(scheme().code(x[i], block, point, first + i));
    }
  }

  void add(T a, BitReader& codes, const Statistics& block, std::span<T> y) const {
    for (T& out : y) out += a * scheme().value(codes.get(), block);
  }

 private:
  const Scheme& scheme() const { return static_cast<const Scheme&>(*this); }
};

/// Codes of elements of one block.
template <class Statistics>
struct BlockCodes {
  const std::byte* codes;  ///< from a byte's start on
  Statistics block;
};

/// A scheme that knows a way to the mean of a few messages in one pass.
template <class Scheme, class T>
concept TakesMeans = requires(const Scheme& scheme,
                              std::span<const BlockCodes<typename Scheme::Statistics>> all,
                              T divisor, std::span<T> out) {
  scheme.mean(all, divisor, out, true);
};

/// Throws WireError unless the statistics of all blocks are valid.
template <class Scheme>
void check_statistics(const Scheme& scheme, std::span<const std::byte> bytes) {
  using Statistics = typename Scheme::Statistics;
  for (std::size_t j = 0; j < bytes.size() / sizeof(Statistics); ++j) {
    if (scheme.valid(load<Statistics>(bytes, j))) continue;
    throw WireError(std::string(Scheme::kName) + ": statistics of block " + std::to_string(j) +
                    " are not valid");
  }
}

/// The message of every codec that sends a few statistics per block of elements and a code of fixed
/// width per element. A Scheme has
///
///   kName                                 for error messages
///   Statistics                            a struct of T, as on the wire
///   width()                               bits of a code
///   rounding()                            what code() is given
///   measure(block) -> Statistics          of all elements of a block; throws NonFiniteError
///   put(writer, x, statistics, point, first)   writes the codes of elements that begin at `first`
///   valid(statistics) -> bool             every code decodes to a finite number
///   add(a, reader, statistics, y)         y += a times what the next codes decode to
///   guarantee(elements)                   for blocks of at most so many elements
///
/// and perhaps, for means of up to eight messages,
///
///   takes_means() -> bool
///   mean(codes, divisor, out, streamed)   out = the sum of what the BlockCodes decode to / divisor
///
/// CodeByCode gives put() and add() to a scheme that knows
///
///   code(x, statistics, point, index)     of one element; point.at(index) rounds
///   value(code, statistics) -> T
///
/// Wire     Statistics[blocks touched], codes least significant bit first, zero padding. A block
///          that is cut has its statistics, of all its elements, in both segments.
/// Cost     two passes over each block of x, one over the codes; no scratch.
/// Throws   open: WireError for a wrong length, padding, or statistics that are not valid.
template <Element T, class Scheme>
class BlockMessage final : public MessageCompressor<T> {
 public:
  BlockMessage(Scheme scheme, std::size_t block) : scheme_(scheme), block_(block) {}

  std::size_t max_wire_bytes(std::size_t n, std::size_t segments) const override {
    const std::size_t bytes = bytes_of(bits(Blocks{0, n, block_}));
    return segmented_bound(bytes, sizeof(Statistics) + 1, segments);
  }

  std::size_t encode(Source<T>& x, Cuts cuts, const RandomKey& key, Wire wire, Scratch&) override {
    const RoundingPoint point(scheme_.rounding(), key);
    Taken taken;
    return write_segments(cuts, wire, [&](std::size_t s, ByteWriter& writer) {
      write(x, Blocks{cuts[s], cuts[s + 1] - cuts[s], block_}, point, taken, writer);
    });
  }

  const Decoded<T>& open(Segment segment, std::size_t n, Scratch& scratch) const override {
    const Blocks blocks{segment.first, n, block_};
    check(segment.bytes, blocks);
    return scratch.make<Opened>(scheme_, blocks, segment.bytes);
  }

  Guarantee guarantee(std::size_t n) const override {
    return scheme_.guarantee(std::max<std::size_t>(1, std::min(block_, n)));
  }

 private:
  using Statistics = typename Scheme::Statistics;

  // A segment that is valid, or as much of it as has been written.
  class Opened final : public Decoded<T> {
   public:
    Opened(const Scheme& scheme, const Blocks& blocks, std::span<const std::byte> bytes)
        : scheme_(scheme), blocks_(blocks), bytes_(bytes) {}

    void axpy(T a, std::size_t first, std::span<T> y) const override {
      const Range range{first, first + y.size()};
      BitReader codes(bytes_.subspan(blocks_.number() * sizeof(Statistics)), scheme_.width(),
                      first - blocks_.first);
      for (std::size_t j = blocks_.holding(first); first < range.end; ++j) {
        const Range part{first, std::min(range.end, blocks_.part(j).end)};
        scheme_.add(a, codes, load<Statistics>(bytes_, j), slice(y, part, range.begin));
        first = part.end;
      }
    }

    void mean(std::span<const Decoded<T>* const> all, T divisor, std::size_t first,
              std::span<T> out) const override {
      if constexpr (TakesMeans<Scheme, T>) {
        if (all.size() <= kMeanTogether && scheme_.takes_means())
          return mean_by_blocks(all, divisor, first, out);
      }
      Decoded<T>::mean(all, divisor, first, out);
    }

   private:
    void mean_by_blocks(std::span<const Decoded<T>* const> all, T divisor, std::size_t first,
                        std::span<T> out) const {
      const bool streamed = out.size_bytes() >= kStreamedBytes;
      const Range range{first, first + out.size()};
      for (std::size_t j = blocks_.holding(first); first < range.end; ++j) {
        const Range part{first, std::min(range.end, blocks_.part(j).end)};
        mean_of_block(all, divisor, j, part.begin, slice(out, part, range.begin), streamed);
        first = part.end;
      }
      end_stream();
    }

    // In one pass, if the codes begin with a byte.
    void mean_of_block(std::span<const Decoded<T>* const> all, T divisor, std::size_t j,
                       std::size_t first, std::span<T> out, bool streamed) const {
      const std::size_t bit = (first - blocks_.first) * scheme_.width();
      if (bit % 8 != 0) return Decoded<T>::mean(all, divisor, first, out);
      const std::size_t offset = blocks_.number() * sizeof(Statistics) + bit / 8;
      std::array<BlockCodes<Statistics>, kMeanTogether> codes;
      std::ranges::transform(all, codes.begin(), [&](const Decoded<T>* message) {
        const auto bytes = static_cast<const Opened*>(message)->bytes_;
        return BlockCodes<Statistics>{bytes.data() + offset, load<Statistics>(bytes, j)};
      });
      scheme_.mean(std::span<const BlockCodes<Statistics>>(codes).first(all.size()), divisor, out,
                   streamed);
    }

    const Scheme& scheme_;
    Blocks blocks_;
    std::span<const std::byte> bytes_;
  };

  std::size_t bits(const Blocks& blocks) const {
    return 8 * sizeof(Statistics) * blocks.number() + scheme_.width() * blocks.count;
  }

  // The block at hand of a thread. One that is cut is taken once, and has its statistics in both
  // segments.
  struct Taken {
    Range block;
    std::span<const T> x;
    Statistics statistics{};
  };

  void take(Source<T>& source, Range block, Taken& taken) const {
    if (block.end == taken.block.end) return;
    taken.block = block;
    taken.x = source.take(block);
    taken.statistics = scheme_.measure(taken.x);
  }

  // What a segment's blocks are written to.
  struct Place {
    Blocks blocks;
    std::span<std::byte> statistics;
    std::span<std::byte> codes;
    Opened decoded;
  };

  void write(Source<T>& x, const Blocks& blocks, const RoundingPoint& point, Taken& taken,
             ByteWriter& writer) const {
    const auto bytes = writer.reserve(bytes_of(bits(blocks)));
    const std::size_t statistics = blocks.number() * sizeof(Statistics);
    const Place place{blocks, bytes.first(statistics), bytes.subspan(statistics),
                      Opened(scheme_, blocks, bytes)};
    const Range all{blocks.first, blocks.first + blocks.count};
    // What follows a cut block's first part waits for it, and parts begin with a byte of codes.
    const std::size_t parts = blocks.first % block_ == 0 ? parts_of(blocks.count) : 1;
    if (parts == 1) {
      write_part(x, place, all, point, taken);
      x.settle();
      return;
    }
    in_parts(x, all, parts, 8 * block_, [&](std::size_t, Range part) {
      Taken own;
      write_part(x, place, part, point, own);
      if (part.end == all.end && part.size() > 0) taken = own;
    });
  }

  void write_part(Source<T>& x, const Place& place, Range part, const RoundingPoint& point,
                  Taken& taken) const {
    const Blocks& blocks = place.blocks;
    const std::size_t first = blocks.holding(part.begin);
    ByteWriter statistics(place.statistics.subspan(first * sizeof(Statistics)));
    BitWriter codes(place.codes.subspan((part.begin - blocks.first) * scheme_.width() / 8),
                    scheme_.width());
    for (std::size_t j = first; part.begin < part.end; ++j) {
      take(x, blocks.whole(j, x.size()), taken);
      statistics.put(taken.statistics);
      const Range elements{part.begin, std::min(part.end, blocks.part(j).end)};
      scheme_.put(codes, slice(taken.x, elements, taken.block.begin), taken.statistics, point,
                  elements.begin);
      codes.sync();
      x.sent(elements, place.decoded);
      part.begin = elements.end;
    }
    codes.finish();
  }

  void check(std::span<const std::byte> bytes, const Blocks& blocks) const {
    check_padding(Scheme::kName, bytes, bits(blocks));
    check_statistics(scheme_, bytes.first(blocks.number() * sizeof(Statistics)));
  }

  Scheme scheme_;
  std::size_t block_;
};

}  // namespace pith
