// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/collectives/mean.h>
#include <pith/core/threads.h>

namespace pith {

template <Element T>
void write_mean(std::span<const Decoded<T>* const> sent, T divisor, std::size_t first,
                std::span<T> mean) {
  if (sent.empty()) {
    std::ranges::fill(mean, T(0));
    return;
  }
  const std::size_t parts = parts_of(mean.size());
  in_parallel(parts, [&](std::size_t part) {
    constexpr std::size_t kMultiple = 4096;  // at which codes begin with a byte
    const Range range{part_start(mean.size(), parts, part, kMultiple),
                      part_start(mean.size(), parts, part + 1, kMultiple)};
    sent.front()->mean(sent, divisor, first + range.begin, slice(mean, range));
  });
}

template void write_mean(std::span<const Decoded<float>* const>, float, std::size_t,
                         std::span<float>);
template void write_mean(std::span<const Decoded<double>* const>, double, std::size_t,
                         std::span<double>);

}  // namespace pith
