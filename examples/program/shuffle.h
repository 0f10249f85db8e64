// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include <pith/core/random.h>

namespace program {

/// Puts the indices in an order that depends on the key alone (Fisher and Yates).
void shuffle(std::span<std::uint32_t> indices, const pith::RandomKey& key);

}  // namespace program
