// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/device_segments.cuh>
#include <pith/cuda/scan.cuh>

// Arrays of codes of 1 to 8 bits, as bits.h has them, from a 4-byte boundary on.
namespace pith {

inline constexpr unsigned kWordBits = 32;

/// Code of `width` bits from bit number `bit` on.
__device__ inline std::uint32_t code_at(const std::byte* bytes, std::size_t bit, unsigned width) {
  const auto* const words = reinterpret_cast<const std::uint32_t*>(bytes) + bit / kWordBits;
  const unsigned shift = static_cast<unsigned>(bit % kWordBits);
  std::uint32_t code = words[0] >> shift;
  if (shift + width > kWordBits) code |= words[1] << (kWordBits - shift);
  return code & ((1u << width) - 1);
}

/// Some codes in shared memory: a byte each, or, of one bit, packed by warps.
template <unsigned kChunk>
class SharedCodes {
 public:
  /// Code i, by all threads of a warp, for 32 codes from a multiple of 32 on.
  __device__ void put(unsigned i, std::uint32_t code, unsigned width) {
    if (width > 1) {
      reinterpret_cast<std::uint8_t*>(words_)[i] = static_cast<std::uint8_t>(code);
      return;
    }
    const unsigned bits = __ballot_sync(cuda::kAllLanes, static_cast<int>(code));
    if (i % kWordBits == 0) words_[i / kWordBits] = bits;
  }

  /// The bits of so many codes from code `first` on, of which the first one begins at `bit`, below
  /// zero if some of it belongs to the word before.
  __device__ std::uint32_t word(unsigned first, unsigned count, int bit, unsigned width) const {
    if (width == 1) return bits_from(first) << bit & bits_below(static_cast<unsigned>(bit) + count);
    const auto* const codes = reinterpret_cast<const std::uint8_t*>(words_) + first;
    std::uint32_t word = 0;
    for (unsigned i = 0; i < count; ++i, bit += static_cast<int>(width)) {
      const std::uint32_t code = codes[i];
      word |= bit < 0 ? code >> -bit : code << bit;
    }
    return word;
  }

 private:
  __device__ std::uint32_t bits_from(unsigned first) const {
    const unsigned shift = first % kWordBits;
    const std::uint32_t low = words_[first / kWordBits] >> shift;
    return shift == 0 ? low : low | words_[first / kWordBits + 1] << (kWordBits - shift);
  }

  __device__ static std::uint32_t bits_below(unsigned end) {
    return end < kWordBits ? (1u << end) - 1 : ~0u;
  }

  std::uint32_t words_[kChunk / 4 + 1];
};

/// Codes that one block of threads writes: those of the elements [begin, end) of a segment.
struct CodePiece {
  std::uint32_t* words;  // of all codes of the segment
  std::size_t begin;
  std::size_t end;
  bool last;  // of the segment
  unsigned width;

  __device__ std::size_t first_bit() const { return begin * width; }
  __device__ bool begins_within_a_word() const { return first_bit() % kWordBits != 0; }

  /// Word number `word` of the piece holds codes of others too.
  __device__ bool shared(std::size_t word) const {
    const std::size_t bit = (first_bit() / kWordBits + word) * kWordBits;
    return bit < first_bit() || (bit + kWordBits > end * width && !last);
  }

  /// The codes begin with number `first` of `codes`. Words that are shared hold zeros where nobody
  /// has written yet.
  template <class Codes>
  __device__ void write(const Codes& codes, unsigned first) const {
    const auto skipped = static_cast<unsigned>(first_bit() % kWordBits);
    const auto count = static_cast<unsigned>(end - begin);
    const unsigned number = (skipped + count * width + kWordBits - 1) / kWordBits;
    std::uint32_t* const out = words + first_bit() / kWordBits;
    for (unsigned w = threadIdx.x; w < number; w += blockDim.x) {
      const unsigned start = w * kWordBits;
      const unsigned from = w == 0 ? 0 : (start - skipped) / width;
      const unsigned all = (start + kWordBits - skipped + width - 1) / width;
      const unsigned to = all < count ? all : count;
      const int bit = static_cast<int>(skipped + from * width) - static_cast<int>(start);
      const std::uint32_t word = codes.word(first + from, to - from, bit, width);
      if (shared(w)) {
        atomicOr(out + w, word);
      } else {
        out[w] = word;
      }
    }
  }
};

}  // namespace pith
