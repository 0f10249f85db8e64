// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/collectives/encode.h>
#include <pith/collectives/receive.h>

namespace pith {

/// Sends segment r of every unit to rank r, and charges the units what that costs. Returns all
/// ranks' messages for this rank's segment.
///
/// Wire     (p-1) kSizeRecordBytes + the messages to the other ranks.
/// Throws   as scatter_messages().
template <Element T>
Received scatter_segments(std::span<Unit<T>> bucket, const EncodedBucket& encoded, Round& round);

/// This rank's segment of every unit as one of its own: a range of elements that has its mean in
/// scratch memory, and nobody's gradient yet.
template <Element T>
std::span<Unit<T>> own_segments(std::span<const Unit<T>> bucket, Round& round);

}  // namespace pith
