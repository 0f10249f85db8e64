// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include <pith/core/hash.h>
#include <pith/core/random.h>

namespace pith {

/// True in a share `probability` of the rounds. It falls the same on all ranks, so nobody has to
/// say how.
inline bool shared_coin(std::uint64_t seed, std::string_view name, std::uint64_t round,
                        double probability) {
  const Random coin({.seed = seed, .tensor = hash(name), .step = round});
  return coin.uniform(0) < static_cast<float>(probability);
}

}  // namespace pith
