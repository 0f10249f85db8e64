// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/message.h>
#include <pith/core/spec.h>

namespace pith {

/// inner|zstd(level=L): the message of the stages before, each segment of it packed without loss by
/// Zstandard if that makes it shorter. L from 1 (the default) to 22: higher ones take more time and
/// memory, and of codes hardly fewer bytes.
///
/// Wire     per segment: u64 raw (bytes of the inner segment), u64 frame (bytes of the Zstandard
///          frame, or 0), then the frame, or the inner segment as it is; zero padding. Never more
///          than 16 bytes above the inner segment.
/// Error    none: decoded values, contraction and variance are those of the inner message.
/// Bias     as the inner one's. Bytes, not values, depend on the version of libzstd.
/// Cost     the inner message is written to scratch, then packed. Decoding unpacks to scratch. Each
///          thread keeps one libzstd context for each of the two.
/// Throws   UsageError in a build without libzstd. open: WireError for a wrong length, padding,
///          an announced size above inner.max_segment_bytes(), which is checked before memory is
///          taken, a frame that is not exactly one of that size, and what `inner` finds.
/// Source   Collet and Kucherawy 2021, RFC 8878.
template <Element T>
std::unique_ptr<MessageCompressor<T>> make_zstd(const Spec& spec,
                                                std::unique_ptr<MessageCompressor<T>> inner);

}  // namespace pith
