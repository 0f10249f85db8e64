// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/compressors/bits.h>
#include <pith/compressors/index_coding.h>
#include <pith/core/bytes.h>
#include <pith/core/error.h>

namespace pith {
namespace {

constexpr std::size_t kRawBits = 32;

bool as_bitmap(IndexCoding coding, std::size_t count, std::size_t n) {
  if (coding == IndexCoding::automatic) return bytes_of(n) < bytes_of(kRawBits * count);
  return coding == IndexCoding::bitmap;
}

void write_bitmap(std::span<const std::uint32_t> indices, std::size_t first,
                  std::span<std::byte> bytes) {
  std::ranges::fill(bytes, std::byte{0});
  for (const std::size_t index : indices) {
    bytes[(index - first) / 8] |= std::byte{1} << (index - first) % 8;
  }
}

void read_bitmap(std::span<const std::byte> bytes, std::size_t n, std::span<std::uint32_t> indices,
                 const char* codec) {
  BitReader bits(bytes, 1);
  std::size_t found = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (bits.get() == 0) continue;
    if (found < indices.size()) indices[found] = static_cast<std::uint32_t>(i);
    ++found;
  }
  if (found != indices.size()) {
    throw WireError(std::string(codec) + ": bitmap of " + std::to_string(found) +
                    " indices, expected " + std::to_string(indices.size()));
  }
}

void read_raw(std::span<const std::byte> bytes, std::size_t n, std::span<std::uint32_t> indices,
              const char* codec) {
  std::uint64_t least = 0;
  for (std::size_t i = 0; i < indices.size(); ++i) {
    indices[i] = load<std::uint32_t>(bytes, i);
    if (indices[i] < least || indices[i] >= n) {
      throw WireError(std::string(codec) + ": index " + std::to_string(indices[i]) +
                      " at position " + std::to_string(i) + ", expected at least " +
                      std::to_string(least) + " and below " + std::to_string(n));
    }
    least = std::uint64_t{indices[i]} + 1;
  }
}

}  // namespace

std::size_t index_bits(IndexCoding coding, std::size_t count, std::size_t n) {
  return as_bitmap(coding, count, n) ? n : kRawBits * count;
}

void write_indices(IndexCoding coding, std::span<const std::uint32_t> indices, std::size_t first,
                   std::size_t n, std::span<std::byte> bytes) {
  if (as_bitmap(coding, indices.size(), n)) return write_bitmap(indices, first, bytes);
  ByteWriter writer(bytes);
  for (const std::size_t index : indices) writer.put(static_cast<std::uint32_t>(index - first));
}

std::span<const std::uint32_t> read_indices(IndexCoding coding, std::span<const std::byte> bytes,
                                            std::size_t count, std::size_t n, Scratch& scratch,
                                            const char* codec) {
  const auto indices = scratch.take<std::uint32_t>(count);
  if (as_bitmap(coding, count, n)) {
    read_bitmap(bytes, n, indices, codec);
  } else {
    read_raw(bytes, n, indices, codec);
  }
  return indices;
}

}  // namespace pith
