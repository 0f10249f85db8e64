// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/collectives/device_round.h>
#include <pith/compressors/device_linear.h>
#include <pith/compressors/device_message.h>
#include <pith/core/element.h>
#include <pith/core/random.h>

// raw(), gather(), sharded() and linear() for one tensor of floats that never leaves the device:
// the means and next states of the host's exchanges, bit for bit, where the communicator's sums
// have the host's bits. Nobody waits, and nothing of the data decides what is put into the stream,
// so a step can be captured if the communicator can.
//
// Messages have no header, and travel in places of their largest size: what is used of them is
// known to the device alone. Every rank takes part. What a kernel finds wrong is noted in the
// round's fault, on the rank that finds it: the ranks agree on that when the step ends.
//
// Throw UsageError before anything is sent if a mean does not fit its source; and as the
// communicator.
namespace pith {

/// What is sent of a tensor, who encodes it, and what its random numbers depend on.
struct DeviceMessage {
  DeviceSource source;
  DeviceMessageCompressor& compressor;
  RandomKey key = {};
};

/// The plain all-reduce of what x composes, moved as float32, float16 or bfloat16, to which it is
/// rounded, and committed as that. A mean that is not finite is noted on all ranks. In float32 the
/// mean may be the memory of a gradient that is composed as it is.
/// Wire     per rank: 2 (p-1)/p * b, b = bytes of n numbers of that type.
/// Cost     beside the collective: float32 reads 8 bytes an element and writes 4, 4 and 0 in place;
///          16 bits reads 6 and writes 6; states besides.
void raw(const DeviceSource& x, ElementType type, DeviceSpan<float> mean, const DeviceRound& round);

/// Every rank sends its message to every other rank, and sums what it receives in rank order.
/// Wire     per rank: (p-1) m, m = place_bytes() of the whole.
/// Memory   p m of scratch.
void gather(const DeviceMessage& message, DeviceSpan<float> mean, const DeviceRound& round);

/// Each rank owns a p-th of the tensor, [n r/p, n (r+1)/p): it receives what the others send for
/// it, sums in rank order, and sends the mean to all, as `owner` composes and encodes it.
/// `owner.source` has the states of the rank's shard; its gradient and size are filled in here.
/// Wire     per rank: (p-1) (m + m'), the place_bytes() of both for the shards.
/// Memory   2 p m + p m' + 4 n/p of scratch.
void sharded(const DeviceMessage& worker, const DeviceMessage& owner, DeviceSpan<float> mean,
             const DeviceRound& round);

/// The factors are averaged as their type, and the mean is what the averages stand for. Averages
/// that are not finite are noted on all ranks.
/// Wire     per rank: 2 (p-1)/p * b, b = bytes of all factors.
/// Memory   the factors, in scratch until the step ends.
void linear(const DeviceSource& x, DeviceLinearCompressor& compressor, const RandomKey& key,
            DeviceSpan<float> mean, const DeviceRound& round);

}  // namespace pith
