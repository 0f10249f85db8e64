// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/compressors/message.h>
#include <pith/core/bytes.h>

// What all message compressors share about segments. A segment of no elements has no bytes.
namespace pith {

/// Calls write(s, writer) for each segment s that has elements, pads what it wrote and notes its
/// size. Returns the bytes of all segments.
template <class Write>
std::size_t write_segments(Cuts cuts, Wire wire, Write&& write) {
  ByteWriter writer(wire.bytes);
  for (std::size_t s = 0; s < segments(cuts); ++s) {
    const std::size_t before = writer.used();
    if (cuts[s + 1] > cuts[s]) write(s, writer);
    writer.pad();
    wire.sizes[s] = writer.used() - before;
  }
  return writer.used();
}

/// Upper bound on a message of `segments` padded segments that would take `bytes` without cuts and
/// padding, if a cut adds at most `per_cut` bytes. Exact for one segment.
std::size_t segmented_bound(std::size_t bytes, std::size_t per_cut, std::size_t segments);

/// Throws WireError unless `bytes` is exactly `bits` bits, padded with zeros to kWireAlignment.
void check_padding(const char* codec, std::span<const std::byte> bytes, std::size_t bits);

}  // namespace pith
