// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/compressors/decoded.h>

namespace pith {

/// mean = (sum of what the parts decode to, from element `first` on) / divisor, in the order of the
/// parts, which were opened by compressors of one spec; zero if there are none. The mean is written
/// once, block by block, each of which is summed in the first cache.
template <Element T>
void mean_of(std::span<const Decoded<T>* const> parts, T divisor, std::size_t first,
             std::span<T> mean);

}  // namespace pith
