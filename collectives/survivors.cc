// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <pith/collectives/encode.h>
#include <pith/collectives/survivors.h>

namespace pith {
namespace {

template <Element T>
Entries<T> all_entries(std::span<const T> x, Scratch& scratch) {
  const auto zeros = static_cast<std::size_t>(std::ranges::count(x, T(0)));
  const auto indices = scratch.take<std::uint32_t>(x.size() - zeros);
  const auto values = scratch.take<T>(indices.size());
  std::size_t count = 0;
  for (std::size_t i = 0; count < indices.size(); ++i) {
    if (x[i] == T(0)) continue;
    indices[count] = static_cast<std::uint32_t>(i);
    values[count++] = x[i];
  }
  return {indices, values};
}

// Moves those with these positions, which ascend, to the front.
template <Element T>
Entries<T> picked(const Entries<T>& entries, std::span<const std::uint32_t> positions,
                  Scratch& scratch) {
  const auto indices = scratch.take<std::uint32_t>(positions.size());
  const auto values = scratch.take<T>(positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    indices[i] = entries.indices[positions[i]];
    values[i] = entries.values[positions[i]];
  }
  return {indices, values};
}

constexpr std::size_t kBlockBytes = 4096;

// The entries of `sent` from number i on that lie in one block of a segment; sets kept for those
// that the owner has sent on. Returns the number of the first behind.
template <Element T>
std::size_t mark_block(const Entries<T>& sent, std::size_t i, Range segment,
                       const Decoded<T>& owner, std::span<std::uint32_t> kept, std::size_t& count) {
  std::array<T, kBlockBytes / sizeof(T)> memory;
  const std::size_t first = sent.indices[i];
  const auto block = std::span(memory).first(std::min(memory.size(), segment.end - first));
  std::ranges::fill(block, T(0));
  owner.axpy(T(1), first - segment.begin, block);
  for (; i < sent.size() && sent.indices[i] - first < block.size(); ++i) {
    if (block[sent.indices[i] - first] != T(0)) kept[count++] = static_cast<std::uint32_t>(i);
  }
  return i;
}

}  // namespace

template <Element T>
Entries<T> largest_entries(std::span<const T> x, std::size_t most, Scratch& scratch) {
  const Entries<T> all = all_entries(x, scratch);
  if (all.size() <= most) return all;
  const auto order = scratch.take<std::uint32_t>(all.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    const T magnitude_a = std::abs(all.values[a]);
    const T magnitude_b = std::abs(all.values[b]);
    return magnitude_a > magnitude_b || (magnitude_a == magnitude_b && a < b);
  };
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(most);
  std::nth_element(order.begin(), end, order.end(), before);
  std::sort(order.begin(), end);
  return picked(all, order.first(most), scratch);
}

template <Element T>
std::span<const std::byte> write_survivors(Unit<T>& segment, std::size_t most, Round& round) {
  const std::size_t n = segment.elements;
  if (n == 0) return {};
  Scratch& scratch = round.scratch;
  const auto& sparse = dynamic_cast<const SparseCompressor<T>&>(*segment.owner_message);
  const auto entries = largest_entries(std::span<const T>(segment.mean), most, scratch);
  const std::size_t cuts[] = {0, n};
  const RandomKey key = key_of(segment, round);
  const Wire wire{scratch.take<std::byte>(sparse.max_bytes_of(entries.size(), n, 1)),
                  scratch.take<std::size_t>(1)};
  sparse.write(entries, cuts, key, wire, scratch);
  const std::size_t dense_bytes = segment.owner_dense->max_wire_bytes(n, 1);
  if (wire.sizes[0] < dense_bytes) return wire.bytes.first(wire.sizes[0]);
  segment.codec = segment.dense_codec;
  const Wire dense{scratch.take<std::byte>(dense_bytes), wire.sizes};
  segment.owner_dense->encode(std::span<const T>(segment.mean), cuts, key, dense, scratch);
  return dense.bytes;
}

template <Element T>
Entries<T> surviving(const Entries<T>& sent, const Summation<T>& owners, std::size_t unit,
                     std::span<const std::size_t> cuts, Scratch& scratch) {
  const auto kept = scratch.take<std::uint32_t>(sent.size());
  std::size_t count = 0;
  std::size_t i = 0;
  for (std::size_t owner = 0; owner + 1 < cuts.size(); ++owner) {
    const Range segment{cuts[owner], cuts[owner + 1]};
    const Decoded<T>* decoded = owners.segment(unit, owner);
    while (i < sent.size() && sent.indices[i] < segment.end) {
      i = decoded ? mark_block(sent, i, segment, *decoded, kept, count) : i + 1;
    }
  }
  return picked(sent, kept.first(count), scratch);
}

#define PITH_INSTANTIATE(T)                                                           \
  template Entries<T> largest_entries(std::span<const T>, std::size_t, Scratch&);     \
  template std::span<const std::byte> write_survivors(Unit<T>&, std::size_t, Round&); \
  template Entries<T> surviving(const Entries<T>&, const Summation<T>&, std::size_t,  \
                                std::span<const std::size_t>, Scratch&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
