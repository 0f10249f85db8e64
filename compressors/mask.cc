// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <pith/compressors/mask.h>

namespace pith {
namespace {

constexpr std::size_t kEmpty = std::numeric_limits<std::size_t>::max();

// Bits to drop from an index so that 2 k to 4 k slots remain, or n if that is fewer: half of the
// slots stay empty, and those of ascending indices ascend.
unsigned slot_shift(std::size_t n, std::size_t k) {
  unsigned shift = 0;
  while (n >> shift >= 4 * k) ++shift;
  return shift;
}

// Puts `index` where the entries of `table` stay ascending; false if it is there already.
bool insert(std::span<std::size_t> table, unsigned shift, std::size_t index) {
  std::size_t slot = index >> shift;
  while (table[slot] < index) ++slot;
  if (table[slot] == index) return false;
  while (index != kEmpty) std::swap(table[slot++], index);
  return true;
}

}  // namespace

std::size_t kept_elements(double density, std::size_t n) {
  const double kept = std::ceil(density * static_cast<double>(n) * (1 - 1e-12));
  return std::min(n, std::max<std::size_t>(1, static_cast<std::size_t>(kept)));
}

std::span<const std::size_t> draw_mask(std::size_t n, std::size_t k, const Random& random,
                                       Scratch& scratch) {
  const auto mask = scratch.take<std::size_t>(k);
  if (k == 0) return mask;
  const Scratch::Frame frame(scratch);
  const unsigned shift = slot_shift(n, k);
  const auto table = scratch.take<std::size_t>(((n - 1) >> shift) + 1 + k);
  std::ranges::fill(table, kEmpty);
  // Floyd: the last index that a draw may give is new to the table, so it stands in for a
  // repetition.
  for (std::size_t last = n - k; last < n; ++last) {
    const std::size_t drawn = random.below(last + 1, last - (n - k));
    if (!insert(table, shift, drawn)) insert(table, shift, last);
  }
  std::ranges::copy_if(table, mask.begin(), [](std::size_t entry) { return entry != kEmpty; });
  return mask;
}

}  // namespace pith
