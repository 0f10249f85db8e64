// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace pith::test {

/// How an input begins. All that a receiver knows beforehand is here; the segment's bytes follow.
struct SegmentInput {
  std::uint8_t spec = 0;    ///< number in the target's list, modulo its length
  std::uint8_t type = 0;    ///< even: float, odd: double
  std::uint8_t simd = 0;    ///< instruction set, modulo how many there are
  std::uint8_t window = 0;  ///< in 256ths of n: where parts of the segment begin and end
  std::uint32_t n = 0;      ///< elements of the segment
  std::uint64_t first = 0;  ///< its first element, modulo 2^40
};
static_assert(sizeof(SegmentInput) == 16);

}  // namespace pith::test
