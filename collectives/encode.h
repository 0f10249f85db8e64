// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <pith/collectives/compose.h>
#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>
#include <pith/core/error.h>
#include <pith/core/range.h>
#include <pith/core/wire.h>

// The sending half of gather, sharded and sparse: rules and compressors run, messages are put
// together.
namespace pith {

/// One rank's units, encoded and cut in the same number of segments each.
class EncodedBucket {
 public:
  std::uint16_t flags = 0;  ///< WireFlags that hold for all units: then nothing was encoded
  std::size_t segments = 1;
  std::span<const std::span<const std::byte>> payloads;  ///< unit by unit, segment by segment

  std::span<const std::byte> payload(std::size_t unit, std::size_t segment) const {
    return payloads[unit * segments + segment];
  }
};

/// The start of segment `s` of `segments` in a tensor of n elements: cuts are as even as can be.
std::span<const std::size_t> even_cuts(std::size_t n, std::size_t segments, Scratch& scratch);

/// The elements of segment `segment` of `segments`.
template <Element T>
Range segment_of(const Unit<T>& unit, std::size_t segment, std::size_t segments) {
  if (!unit.cuts.empty()) return {unit.cuts[segment], unit.cuts[segment + 1]};
  return {block_start(unit.elements, segments, segment),
          block_start(unit.elements, segments, segment + 1)};
}

/// The elements of this rank's shard.
template <Element T>
Range own_shard(const Unit<T>& unit, const Round& round) {
  return segment_of(unit, static_cast<std::size_t>(round.communicator.rank()),
                    static_cast<std::size_t>(round.communicator.size()));
}

/// Calls body(u) for every unit that this rank takes part in, until something is wrong, which is
/// noted in round.faults. Returns the flags that the bucket's messages then have.
template <Element T, class Body>
std::uint16_t for_each_present(std::span<Unit<T>> bucket, Round& round, const Body& body) {
  bool present = false;
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    if (!bucket[u].present || !round.faults.empty()) continue;
    present = true;
    try {
      body(u);
    } catch (const TransportError&) {
      throw;
    } catch (const Error& error) {
      round.faults.push_back(fault_of(bucket[u], error));
    }
  }
  return flags_of(round, present);
}

/// Points each payload to its segment.
void point_to_segments(Wire wire, std::span<std::span<const std::byte>> payloads);

/// Composes, encodes and commits every unit, cut evenly into `segments`. A rank that is absent, or
/// meets an error or non-finite input (noted in round.faults), gets a bucket without payload.
template <Element T>
EncodedBucket encode_bucket(std::span<Unit<T>> bucket, std::size_t segments, Round& round);

/// Puts the message for one segment together: header, directory, payloads.
template <Element T>
std::span<const std::byte> build_message(const EncodedBucket& encoded,
                                         std::span<const Unit<T>> bucket, std::size_t segment,
                                         const Round& round);

/// Upper bound of such a message, the same on every rank.
template <Element T>
std::size_t message_bound(std::span<const Unit<T>> bucket, std::size_t segments);

/// Throws WireError if a directory names another codec than the registration.
void check_codec(std::uint16_t codec, std::uint16_t expected);

/// The header that rank `source` gives its message in this round.
MessageHeader expected_header(const Round& round, std::size_t source, std::size_t entries);

}  // namespace pith
