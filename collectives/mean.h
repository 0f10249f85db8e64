// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/compressors/message.h>

namespace pith {

/// mean = the sum of what was sent / divisor, for the elements from `first` on (decoded.h), in
/// parts by threads(); zero if nothing was sent. One write of `mean`.
template <Element T>
void write_mean(std::span<const Decoded<T>* const> sent, T divisor, std::size_t first,
                std::span<T> mean);

}  // namespace pith
