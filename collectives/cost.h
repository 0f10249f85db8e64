// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/collectives/encode.h>
#include <pith/collectives/unit.h>

namespace pith {

/// Charges each unit its payload and the bucket's first one what is left of `total` bytes: heads,
/// padding and size records.
template <Element T>
void charge_messages(std::span<Unit<T>> bucket, const EncodedBucket& encoded, std::size_t total) {
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    std::size_t bytes = 0;
    for (std::size_t s = 0; s < encoded.segments; ++s) bytes += encoded.payload(u, s).size();
    bucket[u].cost.message_bytes += bytes;
    total -= bytes;
  }
  bucket.front().cost.message_bytes += total;
}

}  // namespace pith
