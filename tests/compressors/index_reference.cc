// SPDX-License-Identifier: Apache-2.0
#include "compressors/index_reference.h"

#include <algorithm>

namespace pith::test {
namespace {

using Numbers = std::vector<std::uint32_t>;

class Bits {
 public:
  void put(bool bit) { bits_.push_back(bit); }

  void put(std::uint64_t value, unsigned width) {
    for (unsigned j = 0; j < width; ++j) put((value >> j & 1) != 0);
  }

  void to_whole_byte() {
    while (bits_.size() % 8 != 0) put(false);
  }

  std::vector<std::byte> bytes() {
    to_whole_byte();
    std::vector<std::byte> bytes(bits_.size() / 8);
    for (std::size_t i = 0; i < bits_.size(); ++i) {
      if (bits_[i]) bytes[i / 8] |= std::byte{1} << i % 8;
    }
    return bytes;
  }

 private:
  std::vector<bool> bits_;
};

Numbers gaps_of(const Numbers& indices) {
  Numbers gaps;
  std::uint32_t next = 0;
  for (const std::uint32_t index : indices) {
    gaps.push_back(index - next);
    next = index + 1;
  }
  return gaps;
}

void put_bitmap(const Numbers& indices, std::size_t n, Bits& bits) {
  std::vector<bool> kept(n);
  for (const std::uint32_t index : indices) kept[index] = true;
  for (const bool bit : kept) bits.put(bit);
}

void put_varint(std::uint32_t gap, Bits& bits) {
  for (; gap >= 128; gap /= 128) {
    bits.put(gap % 128, 7);
    bits.put(true);
  }
  bits.put(gap, 8);
}

std::size_t rice_bits(const Numbers& gaps, unsigned k) {
  std::size_t bits = 0;
  for (const std::uint32_t gap : gaps) bits += 1 + k + (gap >> k);
  return bits;
}

unsigned best_parameter(const Numbers& gaps) {
  unsigned best = 0;
  for (unsigned k = 1; k < 32; ++k) {
    if (rice_bits(gaps, k) < rice_bits(gaps, best)) best = k;
  }
  return best;
}

std::vector<Numbers> blocks_of(const Numbers& numbers, std::size_t size) {
  std::vector<Numbers> blocks;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i % size == 0) blocks.emplace_back();
    blocks.back().push_back(numbers[i]);
  }
  return blocks;
}

void put_unary(std::uint32_t number, Bits& bits) {
  for (; number > 0; --number) bits.put(false);
  bits.put(true);
}

void put_rice(const Numbers& gaps, Bits& bits) {
  const auto blocks = blocks_of(gaps, 256);
  Numbers parameters;
  for (const Numbers& block : blocks) parameters.push_back(best_parameter(block));
  for (const std::uint32_t k : parameters) bits.put(k, 8);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    for (const std::uint32_t gap : blocks[b]) bits.put(gap, parameters[b]);
  }
  bits.to_whole_byte();
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    for (const std::uint32_t gap : blocks[b]) put_unary(gap >> parameters[b], bits);
  }
}

void put_elias_fano(const Numbers& indices, std::size_t n, Bits& bits) {
  if (indices.empty()) return;
  unsigned low = 0;
  while (indices.size() << (low + 1) <= n) ++low;
  for (const std::uint32_t index : indices) bits.put(index, low);
  bits.to_whole_byte();
  std::size_t i = 0;
  for (std::size_t bucket = 0; bucket << low < n; ++bucket) {
    for (; i < indices.size() && indices[i] >> low == bucket; ++i) bits.put(true);
    bits.put(false);
  }
}

void put_run(std::uint32_t gap, Bits& bits) {
  for (; gap >= 65535; gap -= 65535) bits.put(65535, 16);
  bits.put(gap, 16);
}

}  // namespace

std::vector<std::byte> reference_indices(IndexCoding coding, const Numbers& indices,
                                         std::size_t n) {
  Bits bits;
  const Numbers gaps = gaps_of(indices);
  if (coding == IndexCoding::bitmap) put_bitmap(indices, n, bits);
  if (coding == IndexCoding::rice) put_rice(gaps, bits);
  if (coding == IndexCoding::elias_fano) put_elias_fano(indices, n, bits);
  for (std::size_t i = 0; i < indices.size(); ++i) {
    if (coding == IndexCoding::raw32) bits.put(indices[i], 32);
    if (coding == IndexCoding::delta) put_varint(gaps[i], bits);
    if (coding == IndexCoding::runs16) put_run(gaps[i], bits);
  }
  return bits.bytes();
}

}  // namespace pith::test
