// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pith {

/// The canonical Huffman code of up to 16 symbols, found from their counts alone: shorter codes
/// before longer ones, of one length the lower symbol first. A symbol of count 0 has a code too.
///
/// Whoever merges takes the two of least count, of several the ones made first; symbols come before
/// what is merged.
///
/// Wire     the codes one after the other, each from its highest bit; bit i is bit i % 8 of byte
///          i / 8. Of three symbols: 1 bit for the most frequent one, 2 for the others.
/// Source   Huffman 1952, "A Method for the Construction of Minimum-Redundancy Codes".
class Huffman {
 public:
  /// Of 2 to 16 symbols.
  explicit Huffman(std::span<const std::uint32_t> counts);

  /// Bits of all symbols.
  std::size_t bits() const { return bits_; }

  /// Of one symbol's code.
  unsigned length(std::size_t symbol) const { return lengths_[symbol]; }

  /// `bytes` are as many as bits() fill, and the symbols have the counts.
  void write(std::span<const std::uint8_t> symbols, std::span<std::byte> bytes) const;

  /// Fills `symbols`. Throws WireError, beginning with `codec`, unless they have the counts.
  void read(std::span<const std::byte> bytes, std::span<std::uint8_t> symbols,
            const char* codec) const;

 private:
  static constexpr std::size_t kMost = 16;

  void find_lengths();
  void find_codes();

  std::size_t number_;
  std::size_t bits_ = 0;
  std::array<std::uint32_t, kMost> counts_{};
  std::array<unsigned, kMost> lengths_{};
  std::array<std::uint32_t, kMost> codes_{};
  std::array<std::uint8_t, kMost> order_{};  // symbols by code
  std::array<unsigned, kMost> of_length_{};  // how many codes are so long
};

}  // namespace pith
