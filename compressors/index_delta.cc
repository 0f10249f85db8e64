// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <string>

#include <pith/compressors/gaps.h>
#include <pith/compressors/index_delta.h>
#include <pith/compressors/varint.h>
#include <pith/compressors/words.h>
#include <pith/core/error.h>

namespace pith {
namespace {

[[noreturn]] void refuse(const char* codec, std::size_t i) {
  throw WireError(std::string(codec) + ": gap " + std::to_string(i) +
                  " is not a number of 1 to 5 bytes, as short as can be");
}

class Delta final : public IndexCoder {
 public:
  std::size_t cost(const Support& support) const override {
    std::size_t bytes = 0;
    for_each_gap_block(support, [&](std::span<const std::uint32_t> gaps) {
      unsigned block = 0;
      for (const std::uint32_t gap : gaps) block += varint_bytes(gap);
      bytes += block;
    });
    return bytes;
  }

  // Each byte but the first stands for 2^7, 2^14, ... dropped elements at least.
  std::size_t most(std::size_t count, std::size_t n) const override {
    std::size_t bytes = count;
    for (unsigned shift = 7; shift <= 28; shift += 7) bytes += std::min(count, n >> shift);
    return bytes;
  }

  void write(const Support& support, std::span<std::byte> bytes) const override {
    std::size_t used = 0;
    for_each_gap_block(support, [&](std::span<const std::uint32_t> gaps) {
      for (const std::uint32_t gap : gaps) {
        const unsigned size = varint_bytes(gap);
        store_word(bytes, used, varint_of(gap, size));
        used += size;
      }
    });
  }

  void read(std::span<const std::byte> bytes, std::size_t n, std::span<std::uint32_t> indices,
            const char* codec) const override {
    std::size_t used = 0;
    std::uint64_t least = 0;
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const std::uint64_t word = load_word(bytes, used);
      // The last byte counts as an end, so that there is one.
      const std::uint64_t ends = (word & (kMoreBits >> 8)) ^ kMoreBits;
      const auto size = (static_cast<unsigned>(std::countr_zero(ends)) + 1) / 8;
      const std::uint64_t number = word & (~std::uint64_t{0} >> (kWordBits - 8 * size));
      if (!is_varint(number, size)) refuse(codec, i);
      const std::uint64_t index = least + varint_value(number);
      if (index >= n) check_index(codec, index, n);
      indices[i] = static_cast<std::uint32_t>(index);
      least = index + 1;
      used += size;
    }
    check_index_bytes(codec, bytes.size(), used);
  }
};

}  // namespace

const IndexCoder& delta_indices() {
  static const Delta coder;
  return coder;
}

}  // namespace pith
