// SPDX-License-Identifier: Apache-2.0
// A plain loop, compiled once for every instruction set that the compiler knows; the best one that
// the machine has is taken at run time.
#include <algorithm>

#include <pith/adaptive/least_sums.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pith/adaptive/least_sums.cc"
#include <hwy/foreach_target.h>  // includes this file again, once per instruction set
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

// So much of `after` stays in the first cache while all options pass over it.
constexpr std::size_t kBlock = 2048;

void lower(const std::int64_t* HWY_RESTRICT before, std::int64_t value,
           std::int64_t* HWY_RESTRICT after, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) after[i] = std::min(after[i], before[i] + value);
}

void least_sums(const std::int64_t* before, const Option* options, std::size_t count,
                std::int64_t* after, std::size_t n) {
  for (std::size_t first = 0; first < n; first += kBlock) {
    const std::size_t last = std::min(n, first + kBlock);
    std::fill(after + first, after + last, kNoSum);
    for (const Option* option = options; option != options + count; ++option) {
      const std::size_t begin = std::max(first, option->weight);
      if (begin >= last) continue;
      lower(before + begin - option->weight, option->value, after + begin, last - begin);
    }
  }
}

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pith {
namespace {

HWY_EXPORT(least_sums);

}  // namespace

void least_sums(std::span<const std::int64_t> before, std::span<const Option> options,
                std::span<std::int64_t> after) {
  HWY_DYNAMIC_DISPATCH(least_sums)
  (before.data(), options.data(), options.size(), after.data(), after.size());
}

}  // namespace pith
#endif
