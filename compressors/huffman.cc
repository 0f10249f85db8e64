// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include <pith/compressors/bits.h>
#include <pith/compressors/huffman.h>
#include <pith/compressors/set_bits.h>
#include <pith/core/error.h>

namespace pith {
namespace {

constexpr std::size_t kNodes = 32;

struct Tree {
  std::array<std::uint64_t, kNodes> counts{};
  std::array<std::size_t, kNodes> parents{};
  std::array<bool, kNodes> merged{};

  // The first of those of least count that are not merged.
  std::size_t take_least(std::size_t nodes, std::size_t parent) {
    std::size_t least = kNodes;
    for (std::size_t i = 0; i < nodes; ++i) {
      if (!merged[i] && (least == kNodes || counts[i] < counts[least])) least = i;
    }
    merged[least] = true;
    parents[least] = parent;
    return least;
  }
};

}  // namespace

Huffman::Huffman(std::span<const std::uint32_t> counts) : number_(counts.size()) {
  std::ranges::copy(counts, counts_.begin());
  find_lengths();
  find_codes();
}

void Huffman::find_lengths() {
  Tree tree;
  std::ranges::copy(counts_, tree.counts.begin());
  const std::size_t root = 2 * number_ - 2;
  for (std::size_t node = number_; node <= root; ++node) {
    const std::size_t first = tree.take_least(node, node);
    const std::size_t second = tree.take_least(node, node);
    tree.counts[node] = tree.counts[first] + tree.counts[second];
  }
  for (std::size_t j = 0; j < number_; ++j) {
    for (std::size_t node = j; node != root; node = tree.parents[node]) ++lengths_[j];
    bits_ += std::size_t{counts_[j]} * lengths_[j];
  }
}

void Huffman::find_codes() {
  const auto order = std::span(order_).first(number_);
  std::iota(order.begin(), order.end(), std::uint8_t{0});
  std::ranges::sort(order, {}, [&](std::uint8_t j) { return std::pair(lengths_[j], j); });
  std::uint32_t code = 0;
  unsigned length = 0;
  for (const std::uint8_t j : order) {
    code <<= lengths_[j] - length;
    length = lengths_[j];
    codes_[j] = code++;
    ++of_length_[length];
  }
}

void Huffman::write(std::span<const std::uint8_t> symbols, std::span<std::byte> bytes) const {
  SetBitWriter bits(bytes);
  std::size_t end = 0;
  for (const std::uint8_t j : symbols) {
    end += lengths_[j];
    for (unsigned bit = lengths_[j]; bit-- > 0;) {
      if ((codes_[j] >> bit & 1) != 0) bits.put(end - 1 - bit);
    }
  }
  bits.finish();
}

void Huffman::read(std::span<const std::byte> bytes, std::span<std::uint8_t> symbols,
                   const char* codec) const {
  auto left = counts_;
  std::size_t bits_left = bits_;
  BitReader bits(bytes, 1);
  const auto wrong = [&] { throw WireError(std::string(codec) + ": codes not of the counts"); };
  for (std::uint8_t& symbol : symbols) {
    std::uint32_t offset = 0;  // from the first code of this length
    std::size_t shorter = 0;
    for (unsigned length = 1;; ++length) {
      if (bits_left-- == 0) wrong();
      offset = 2 * offset + bits.get();
      if (offset < of_length_[length]) break;
      offset -= of_length_[length];
      shorter += of_length_[length];
    }
    symbol = order_[shorter + offset];
    if (left[symbol]-- == 0) wrong();
  }
}

}  // namespace pith
