// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <string>

#include <pith/compressors/bits.h>
#include <pith/compressors/gaps.h>
#include <pith/compressors/index_rice.h>
#include <pith/compressors/packed.h>
#include <pith/compressors/set_bits.h>
#include <pith/core/bytes.h>
#include <pith/core/error.h>

namespace pith {
namespace {

using Gaps = std::span<const std::uint32_t>;

std::uint32_t sum_shifted(Gaps gaps, unsigned k) {
  std::uint32_t sum = 0;
  for (const std::uint32_t gap : gaps) sum += gap >> k;
  return sum;
}

// A block's parameter, and how long its numbers get.
struct Choice {
  unsigned k;
  std::size_t unary;  // bits
};

// The bits are count (1 + k) + sum(gap >> k). The sum shrinks less with every step of k, so the
// first step down that does not pay is the last to try; from log2 of the mean on upwards, it
// shrinks by less than count.
Choice choose(Gaps gaps) {
  const std::size_t count = gaps.size();
  const auto mean = static_cast<std::uint32_t>(sum_shifted(gaps, 0) / count);
  unsigned k = std::min(kLargestRice, static_cast<unsigned>(std::bit_width(mean)));
  std::size_t sum = sum_shifted(gaps, k);
  while (k > 0) {
    const std::size_t next = sum_shifted(gaps, k - 1);
    if (next > sum + count) break;
    sum = next;
    --k;
  }
  return {k, count + sum};
}

// Sizes of the two arrays behind the directory.
struct Bits {
  std::size_t low = 0;
  std::size_t unary = 0;

  std::size_t bytes() const { return bytes_of(low) + bytes_of(unary); }
};

// Calls use(k) for the parameter of every block.
template <class Use>
Bits measure(const Support& support, Use&& use) {
  Bits bits;
  for_each_gap_block(support, [&](Gaps gaps) {
    const Choice choice = choose(gaps);
    bits.low += choice.k * gaps.size();
    bits.unary += choice.unary;
    use(choice.k);
  });
  return bits;
}

class Rice final : public IndexCoder {
 public:
  std::size_t cost(const Support& support) const override {
    return gap_blocks(support.indices.size()) + measure(support, [](unsigned) {}).bytes();
  }

  // No parameter is better for all blocks than each one's own.
  std::size_t most(std::size_t count, std::size_t n) const override {
    std::size_t bits = ~std::size_t{0};
    for (unsigned k = 0; k <= kLargestRice; ++k) {
      bits = std::min(bits, count * (1 + k) + ((n - count) >> k));
    }
    return count == 0 ? 0 : gap_blocks(count) + (bits + 14) / 8;
  }

  void write(const Support& support, std::span<std::byte> bytes) const override {
    const std::size_t blocks = gap_blocks(support.indices.size());
    std::size_t block = 0;
    const Bits bits =
        measure(support, [&](unsigned k) { bytes[block++] = static_cast<std::byte>(k); });
    const auto low = bytes.subspan(blocks, bytes_of(bits.low));
    SetBitWriter unary(bytes.subspan(blocks + low.size()));
    write_blocks(support, bytes.first(blocks), low, unary);
    unary.finish();
  }

  void read(std::span<const std::byte> bytes, std::size_t n, std::span<std::uint32_t> indices,
            const char* codec) const override;

 private:
  static void write_blocks(const Support& support, std::span<const std::byte> directory,
                           std::span<std::byte> low, SetBitWriter& unary) {
    std::size_t block = 0;
    std::size_t low_used = 0;
    std::size_t bit = 0;
    for_each_gap_block(support, [&](Gaps gaps) {
      const auto k = std::to_integer<unsigned>(directory[block++]);
      const std::size_t size = bytes_of(k * gaps.size());
      pack(gaps, k, low.subspan(low_used, size));
      low_used += size;
      for (const std::uint32_t gap : gaps) {
        bit += gap >> k;
        unary.put(bit++);
      }
    });
  }
};

// Where the parts of a message lie.
struct Parts {
  std::span<const std::byte> directory;
  std::span<const std::byte> low;
  std::span<const std::byte> unary;
};

Parts parts_of(std::span<const std::byte> bytes, std::size_t count, std::size_t n,
               const char* codec) {
  const std::size_t blocks = gap_blocks(count);
  const auto directory = ByteReader(bytes, codec).take(blocks);
  std::size_t bits = 0;
  for (std::size_t b = 0; b < blocks; ++b) {
    const auto k = std::to_integer<unsigned>(directory[b]);
    if (k > kLargestRice) throw WireError(std::string(codec) + ": Rice parameter above 31");
    bits += k * std::min(kGapBlock, count - b * kGapBlock);
  }
  const std::size_t low = bytes_of(bits);
  // All numbers together are not longer than the segment, which keeps them within 64 bits.
  if (bytes.size() - blocks < low || bytes.size() - blocks - low > bytes_of(n)) {
    throw WireError(std::string(codec) + ": Rice codes of " + std::to_string(bytes.size()) +
                    " bytes, expected " + std::to_string(blocks + low) + " and up to " +
                    std::to_string(bytes_of(n)) + " more");
  }
  check_index_padding(codec, bytes.subspan(blocks, low), bits);
  return {directory, bytes.subspan(blocks, low), bytes.subspan(blocks + low)};
}

void Rice::read(std::span<const std::byte> bytes, std::size_t n, std::span<std::uint32_t> indices,
                const char* codec) const {
  const Parts parts = parts_of(bytes, indices.size(), n, codec);
  SetBitReader unary(parts.unary, codec);
  std::size_t low_used = 0;
  std::uint64_t bit = 0;
  std::uint64_t least = 0;
  for (std::size_t b = 0; b < parts.directory.size(); ++b) {
    const auto block =
        indices.subspan(b * kGapBlock, std::min(kGapBlock, indices.size() - b * kGapBlock));
    const auto k = std::to_integer<unsigned>(parts.directory[b]);
    unpack(parts.low.subspan(low_used), k, block);
    low_used += k * block.size() / 8;
    for (std::uint32_t& index : block) {
      const std::uint64_t one = unary.next();
      least += ((one - bit) << k) + index;
      bit = one + 1;
      index = static_cast<std::uint32_t>(least++);
    }
    check_index(codec, least - 1, n);
  }
  unary.finish();
  check_index_bytes(codec, parts.unary.size(), bytes_of(bit));
}

}  // namespace

const IndexCoder& rice_indices() {
  static const Rice coder;
  return coder;
}

}  // namespace pith
