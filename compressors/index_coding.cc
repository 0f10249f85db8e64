// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <string>

#include <pith/compressors/index_bitmap.h>
#include <pith/compressors/index_coding.h>
#include <pith/compressors/index_delta.h>
#include <pith/compressors/index_elias_fano.h>
#include <pith/compressors/index_raw32.h>
#include <pith/compressors/index_rice.h>
#include <pith/compressors/index_runs16.h>
#include <pith/core/error.h>

namespace pith {
namespace {

struct Entry {
  IndexCoding coding;
  std::string_view name;
  const IndexCoder& (*coder)();
};

constexpr Entry kCoders[] = {
    {IndexCoding::raw32, "raw32", raw32_indices},
    {IndexCoding::bitmap, "bitmap", bitmap_indices},
    {IndexCoding::delta, "delta", delta_indices},
    {IndexCoding::rice, "rice", rice_indices},
    {IndexCoding::elias_fano, "elias_fano", elias_fano_indices},
    {IndexCoding::runs16, "runs16", runs16_indices},
};

bool allowed(IndexCoding coding, IndexCoding entry) {
  return coding == IndexCoding::automatic || coding == entry;
}

constexpr unsigned kCoderBits = 8;

struct Chosen {
  IndexCoding coding;
  std::size_t bytes;
};

Chosen choose(IndexCoding coding, const Support& support) {
  Chosen best{coding, ~std::size_t{0}};
  for (const Entry& entry : kCoders) {
    if (!allowed(coding, entry.coding)) continue;
    const std::size_t bytes = entry.coder().cost(support);
    if (bytes < best.bytes) best = {entry.coding, bytes};
  }
  return best;
}

// Goes through all of them, since that vectorises.
bool ascend(std::span<const std::uint32_t> indices) {
  bool all = true;
  for (std::size_t i = 1; i < indices.size(); ++i) all &= indices[i - 1] < indices[i];
  return all;
}

void check(const Support& support) {
  const auto& indices = support.indices;
  const std::size_t end = support.first + support.n;
  if (indices.empty()) return;
  if (ascend(indices) && indices.front() >= support.first && indices.back() < end) return;
  throw UsageError("write_indices: indices must ascend, from " + std::to_string(support.first) +
                   " on and below " + std::to_string(end));
}

}  // namespace

IndexCoding index_coding(std::string_view name) {
  const auto entry = std::ranges::find(kCoders, name, &Entry::name);
  return entry == std::end(kCoders) ? IndexCoding::automatic : entry->coding;
}

const IndexCoder& index_coder(IndexCoding coding) {
  return std::ranges::find(kCoders, coding, &Entry::coding)->coder();
}

std::size_t most_index_bytes(IndexCoding coding, std::size_t count, std::size_t n) {
  std::size_t most = ~std::size_t{0};
  for (const Entry& entry : kCoders) {
    if (allowed(coding, entry.coding)) most = std::min(most, entry.coder().most(count, n));
  }
  return sizeof(std::uint64_t) + most;
}

std::size_t index_bytes_per_cut() { return sizeof(std::uint64_t) + kIndexBytesPerCut; }

void write_indices(IndexCoding coding, const Support& support, ByteWriter& writer) {
  check(support);
  const auto [coder, bytes] = choose(coding, support);
  writer.put(std::uint64_t{bytes} << kCoderBits | static_cast<std::uint64_t>(coder));
  index_coder(coder).write(support, writer.reserve(bytes));
}

std::span<const std::uint32_t> read_indices(IndexCoding coding, ByteReader& reader,
                                            std::size_t count, std::size_t n, Scratch& scratch,
                                            const char* codec) {
  const auto front = reader.get<std::uint64_t>();
  const auto entry =
      std::ranges::find(kCoders, static_cast<IndexCoding>(front & 0xff), &Entry::coding);
  if (entry == std::end(kCoders) || !allowed(coding, entry->coding)) {
    throw WireError(std::string(codec) + ": indices by coder " + std::to_string(front & 0xff) +
                    ", which is not one that the spec allows");
  }
  const auto bytes = reader.take(front >> kCoderBits);
  // No coder gets by with less than a bit per index: what is announced takes no memory.
  if (count / 8 > bytes.size()) {
    throw WireError(std::string(codec) + ": " + std::to_string(count) + " indices in " +
                    std::to_string(bytes.size()) + " bytes");
  }
  const auto indices = scratch.take<std::uint32_t>(count);
  entry->coder().read(bytes, n, indices, codec);
  return indices;
}

}  // namespace pith
