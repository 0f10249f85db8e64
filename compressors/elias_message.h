// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>

#include <pith/compressors/block_message.h>
#include <pith/compressors/blocks.h>
#include <pith/compressors/elias.h>
#include <pith/compressors/message.h>
#include <pith/compressors/rounding_point.h>
#include <pith/compressors/segments.h>
#include <pith/core/bytes.h>
#include <pith/core/error.h>

namespace pith {

/// Bits of a code in memory: levels below 2^15, and the sign.
inline constexpr unsigned kEliasBits = 16;

/// The message of codecs whose codes are levels, most of them small, and signs. A Scheme is what
/// CodeByCode asks for, and knows levels(), the highest one, and sign(), the bit of a code above
/// its level; codes have at most kEliasBits bits.
///
/// Wire     Statistics[blocks touched], as in block_message.h; then per element the code of
///          elias.h for level + 1 and, unless the level is 0, one bit: 1 for a negative one; zero
///          padding.
/// Cost     as block_message.h, by one thread, and 2 bytes of scratch for each element of a block
///          (encode) and of the segment (open).
/// Throws   open: WireError for a wrong length, padding, statistics that are not valid, a level
///          above the highest.
template <Element T, class Scheme>
class EliasMessage final : public MessageCompressor<T> {
 public:
  EliasMessage(Scheme scheme, std::size_t block) : scheme_(scheme), block_(block) {}

  std::size_t max_wire_bytes(std::size_t n, std::size_t segments) const override {
    const std::size_t statistics = Blocks{0, n, block_}.number() * sizeof(Statistics);
    const unsigned longest = elias_code(scheme_.levels() + 1).length + 1;
    return segmented_bound(statistics + bytes_of(longest * n), sizeof(Statistics) + 1, segments);
  }

  std::size_t encode(Source<T>& x, Cuts cuts, const RandomKey& key, Wire wire,
                     Scratch& scratch) override {
    const Scratch::Frame frame(scratch);
    const RoundingPoint point(scheme_.rounding(), key);
    const auto codes = scratch.take<Code>(std::min(block_, x.size()));
    Taken taken;
    const std::size_t bytes = write_segments(cuts, wire, [&](std::size_t s, ByteWriter& writer) {
      write(x, Blocks{cuts[s], cuts[s + 1] - cuts[s], block_}, point, codes, taken, writer);
    });
    x.settle();
    return bytes;
  }

  const Decoded<T>& open(Segment segment, std::size_t n, Scratch& scratch) const override {
    const Blocks blocks{segment.first, n, block_};
    ByteReader reader(segment.bytes, Scheme::kName);
    const auto statistics = reader.take(blocks.number() * sizeof(Statistics));
    check_statistics(scheme_, statistics);
    const auto bytes = reader.take(reader.left());
    const auto codes = scratch.take<Code>(checked_count(n, bytes));
    EliasReader in(bytes, scheme_.levels() + 1, Scheme::kName);
    for (Code& code : codes) code = read(in);
    check_padding(Scheme::kName, segment.bytes, 8 * statistics.size() + in.used());
    return scratch.make<Opened>(scheme_, blocks, statistics, codes);
  }

  Guarantee guarantee(std::size_t n) const override {
    return scheme_.guarantee(std::max<std::size_t>(1, std::min(block_, n)));
  }

 private:
  using Statistics = typename Scheme::Statistics;
  using Code = std::uint16_t;
  static_assert(8 * sizeof(Code) == kEliasBits);

  class Opened final : public Decoded<T> {
   public:
    Opened(const Scheme& scheme, const Blocks& blocks, std::span<const std::byte> statistics,
           std::span<const Code> codes)
        : scheme_(scheme), blocks_(blocks), statistics_(statistics), codes_(codes) {}

    void axpy(T a, std::size_t first, std::span<T> y) const override {
      const Range range{first, first + y.size()};
      for (std::size_t j = blocks_.holding(first); first < range.end; ++j) {
        const auto block = load<Statistics>(statistics_, j);
        for (const std::size_t end = std::min(range.end, blocks_.part(j).end); first < end; ++first)
          y[first - range.begin] += a * scheme_.value(codes_[first - blocks_.first], block);
      }
    }

   private:
    const Scheme& scheme_;
    Blocks blocks_;
    std::span<const std::byte> statistics_;
    std::span<const Code> codes_;
  };

  // The block at hand. One that is cut is taken once, and has its statistics in both segments.
  struct Taken {
    Range block;
    Statistics statistics{};
    std::span<const Code> codes;
  };

  void take(Source<T>& source, Range block, const RoundingPoint& point, std::span<Code> codes,
            Taken& taken) const {
    if (block.end == taken.block.end) return;
    const std::span<const T> x = source.take(block);
    taken = {block, scheme_.measure(x), codes.first(x.size())};
    for (std::size_t i = 0; i < x.size(); ++i) {
      codes[i] = static_cast<Code>(scheme_.code(x[i], taken.statistics, point, block.begin + i));
    }
    const auto statistics = std::as_bytes(std::span(&taken.statistics, 1));
    source.sent(block,
                Opened(scheme_, {block.begin, block.size(), block_}, statistics, taken.codes));
  }

  void write(Source<T>& x, const Blocks& blocks, const RoundingPoint& point, std::span<Code> codes,
             Taken& taken, ByteWriter& writer) const {
    ByteWriter statistics(writer.reserve(blocks.number() * sizeof(Statistics)));
    EliasWriter out(writer);
    for (std::size_t j = 0; j < blocks.number(); ++j) {
      take(x, blocks.whole(j, x.size()), point, codes, taken);
      statistics.put(taken.statistics);
      for (const Code code : slice(taken.codes, blocks.part(j), taken.block.begin)) {
        const std::uint32_t level = code & (scheme_.sign() - 1);
        out.put(elias_code(level + 1));
        if (level > 0) out.put_bit(code != level);
      }
    }
    out.finish();
  }

  Code read(EliasReader& in) const {
    const std::uint32_t level = in.get() - 1;
    const bool negative = level > 0 && in.get_bit();
    return static_cast<Code>(negative ? level | scheme_.sign() : level);
  }

  // No element has less than a bit, so no memory is taken for more than the bytes can hold.
  static std::size_t checked_count(std::size_t n, std::span<const std::byte> bytes) {
    if (n <= 8 * bytes.size()) return n;
    throw WireError(std::string(Scheme::kName) + ": " + std::to_string(n) + " codes in " +
                    std::to_string(bytes.size()) + " bytes");
  }

  Scheme scheme_;
  std::size_t block_;
};

}  // namespace pith
