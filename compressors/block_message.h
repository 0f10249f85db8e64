// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>

#include <pith/compressors/bits.h>
#include <pith/compressors/blocks.h>
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

/// The message of every codec that sends a few statistics per block of elements and a code of fixed
/// width per element. A Scheme has
///
///   kName                                 for error messages
///   Statistics                            a struct of T, as on the wire
///   width()                               bits of a code
///   rounding()                            what code() is given
///   measure(block) -> Statistics          of all elements of a block
///   put(writer, x, statistics, point, first)   writes the codes of elements that begin at `first`
///   valid(statistics) -> bool             every code decodes to a finite number
///   add(a, reader, statistics, y)         y += a times what the next codes decode to
///   guarantee(elements)                   for blocks of at most so many elements
///
/// CodeByCode gives put() and add() to a scheme that knows
///
///   code(x, statistics, point, index)     of one element; point.at(index) rounds
///   value(code, statistics) -> T
///
/// Wire     Statistics[blocks touched], codes least significant bit first, zero padding. A block
///          that is cut has its statistics, of all its elements, in both segments.
/// Cost     two passes over x, one over the codes; no scratch.
/// Throws   decode_axpy: WireError for a wrong length, padding, or statistics that are not valid.
template <Element T, class Scheme>
class BlockMessage final : public MessageCompressor<T> {
 public:
  BlockMessage(Scheme scheme, std::size_t block) : scheme_(scheme), block_(block) {}

  std::size_t max_wire_bytes(std::size_t n, std::size_t segments) const override {
    const std::size_t bytes = bytes_of(bits(Blocks{0, n, block_}));
    return segmented_bound(bytes, sizeof(Statistics) + 1, segments);
  }

  std::size_t encode(std::span<const T> x, Cuts cuts, const RandomKey& key, Wire wire,
                     Scratch&) override {
    const RoundingPoint point(scheme_.rounding(), key);
    return write_segments(cuts, wire, [&](std::size_t s, ByteWriter& writer) {
      write(x, Blocks{cuts[s], cuts[s + 1] - cuts[s], block_}, point, writer);
    });
  }

  void decode_axpy(T a, Segment segment, std::span<T> y, Scratch&) const override {
    const Blocks blocks{segment.first, y.size(), block_};
    check(segment.bytes, blocks);
    BitReader codes(segment.bytes.subspan(blocks.number() * sizeof(Statistics)), scheme_.width());
    for (std::size_t j = 0; j < blocks.number(); ++j) {
      const auto statistics = load<Statistics>(segment.bytes, j);
      scheme_.add(a, codes, statistics, slice(y, blocks.part(j), segment.first));
    }
  }

  Guarantee guarantee(std::size_t n) const override {
    return scheme_.guarantee(std::max<std::size_t>(1, std::min(block_, n)));
  }

 private:
  using Statistics = typename Scheme::Statistics;

  std::size_t bits(const Blocks& blocks) const {
    return 8 * sizeof(Statistics) * blocks.number() + scheme_.width() * blocks.count;
  }

  void write(std::span<const T> x, const Blocks& blocks, const RoundingPoint& point,
             ByteWriter& writer) const {
    ByteWriter statistics(writer.reserve(blocks.number() * sizeof(Statistics)));
    BitWriter codes(writer.reserve(bytes_of(scheme_.width() * blocks.count)), scheme_.width());
    for (std::size_t j = 0; j < blocks.number(); ++j) {
      const Statistics block = scheme_.measure(slice(x, blocks.whole(j, x.size())));
      statistics.put(block);
      const Range part = blocks.part(j);
      scheme_.put(codes, slice(x, part), block, point, part.begin);
    }
    codes.finish();
  }

  void check(std::span<const std::byte> bytes, const Blocks& blocks) const {
    check_padding(Scheme::kName, bytes, bits(blocks));
    for (std::size_t j = 0; j < blocks.number(); ++j) {
      if (!scheme_.valid(load<Statistics>(bytes, j))) {
        throw WireError(std::string(Scheme::kName) + ": statistics of block " + std::to_string(j) +
                        " are not valid");
      }
    }
  }

  Scheme scheme_;
  std::size_t block_;
};

}  // namespace pith
