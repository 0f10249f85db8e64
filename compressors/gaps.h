// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <pith/compressors/index_coder.h>

// The gap of a kept element is the number of dropped ones right before it. All gaps of a support
// add up to less than n, so any sum of them fits 32 bits.
namespace pith {

/// So many gaps are handled at a time.
inline constexpr std::size_t kGapBlock = 256;

constexpr std::size_t gap_blocks(std::size_t count) { return (count + kGapBlock - 1) / kGapBlock; }

/// Calls use(gaps) for one block after the other; the last one may be shorter.
template <class Use>
void for_each_gap_block(const Support& support, Use&& use) {
  std::array<std::uint32_t, kGapBlock> gaps;
  auto before = static_cast<std::uint32_t>(support.first - 1);
  for (std::size_t begin = 0; begin < support.indices.size(); begin += kGapBlock) {
    const std::size_t count = std::min(kGapBlock, support.indices.size() - begin);
    const auto indices = support.indices.subspan(begin, count);
    gaps[0] = indices[0] - before - 1;
    for (std::size_t i = 1; i < count; ++i) gaps[i] = indices[i] - indices[i - 1] - 1;
    before = indices[count - 1];
    use(std::span<const std::uint32_t>(gaps).first(count));
  }
}

}  // namespace pith
