// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <pith/cuda/scan.cuh>

// Arrays of bits on a device, as set_bits.h and packed.h have them on the host: bit i is bit i % 8
// of byte i / 8. They begin at a multiple of four bytes.
namespace pith {

/// Sets codes in memory that was cleared, from any threads in any order.
struct DeviceBitWriter {
  std::uint32_t* words;

  /// The lowest `width` bits of a code, up to 31.
  __device__ void put(std::size_t position, std::uint32_t code, unsigned width) const {
    const std::uint64_t bits = placed(position, code, width);
    set(position / 32, static_cast<std::uint32_t>(bits));
    set(position / 32 + 1, static_cast<std::uint32_t>(bits >> 32));
  }

  /// The same of all lanes of a warp, the first of which have a code, with one access to each word:
  /// in ascending order, and one right behind the other if the width is above 1.
  __device__ void put_ascending(bool has, std::size_t position, std::uint32_t code,
                                unsigned width) const {
    const std::uint64_t bits = has ? placed(position, code, width) : 0;
    const auto high = static_cast<std::uint32_t>(bits >> 32);
    const auto word = has ? static_cast<std::uint32_t>(position / 32) : ~std::uint32_t{0};
    std::uint32_t low = static_cast<std::uint32_t>(bits) | high_from_below(word, high);
    for (unsigned distance = 1; distance < cuda::kWarp; distance *= 2) {
      const std::uint32_t word_below = cuda::from_below(word, distance);
      const std::uint32_t below = cuda::from_below(low, distance);
      if (word_below == word) low |= below;
    }
    const std::uint32_t above = cuda::from_above(word);
    const bool top = cuda::lane() == cuda::kWarp - 1;
    if (has && (top || above != word)) set(word, low);
    if (has && (top || above != word + 1)) set(word + 1, high);
  }

 private:
  __device__ static std::uint64_t placed(std::size_t position, std::uint32_t code, unsigned width) {
    const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
    return (code & mask) << position % 32;
  }

  // A code that ends in the next word is followed by one that begins there.
  __device__ static std::uint32_t high_from_below(std::uint32_t word, std::uint32_t high) {
    const std::uint32_t word_below = cuda::from_below(word, 1);
    const std::uint32_t below = cuda::from_below(high, 1);
    return word_below + 1 == word ? below : 0;
  }

  __device__ void set(std::size_t word, std::uint32_t bits) const {
    if (bits != 0) atomicOr(&words[word], bits);
  }
};

/// Bytes to read bits from. What lies past the end is 0 and not touched.
struct DeviceBits {
  const std::byte* data;
  std::uint64_t size;

  __device__ std::uint32_t byte(std::size_t i) const {
    return i < size ? static_cast<std::uint32_t>(data[i]) : 0;
  }

  __device__ std::uint32_t word(std::size_t i) const {
    if (4 * i + 4 <= size) return reinterpret_cast<const std::uint32_t*>(data)[i];
    return byte(4 * i) | byte(4 * i + 1) << 8 | byte(4 * i + 2) << 16;
  }

  /// `width` bits, up to 33, or 40 that begin with a byte.
  __device__ std::uint64_t bits(std::size_t position, unsigned width) const {
    const std::size_t i = position / 32;
    const std::uint64_t both = word(i) | std::uint64_t{word(i + 1)} << 32;
    return both >> position % 32 & ((std::uint64_t{1} << width) - 1);
  }

  /// Whether the bits from `position` on to the end of its byte are 0, as padding has to be.
  __device__ bool zero_to_byte_end(std::size_t position) const {
    return position % 8 == 0 || byte(position / 8) >> position % 8 == 0;
  }
};

}  // namespace pith
