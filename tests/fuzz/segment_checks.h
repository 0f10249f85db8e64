// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include <pith/compressors/message.h>

namespace pith::test {

/// Up to so many elements a segment is decoded as a whole, else only its ends are.
inline constexpr std::size_t kMostElements = 4096;

/// Decodes anything as segments of one spec, and ends the process if a promise of message.h or
/// decoded.h is broken:
///
/// - bytes that are not valid give a WireError, nothing else, and nothing is written;
/// - what valid ones decode to is finite, in parts and several at once as well, and depends on
///   nothing but the bytes;
/// - sparse entries ascend, lie in the segment, and are all that is written.
template <Element T>
class SegmentChecks {
 public:
  explicit SegmentChecks(std::string_view spec);

  /// segment.bytes are in memory of exactly their size. Parts begin and end at element
  /// `window` <= n.
  void run(Segment segment, std::size_t n, std::size_t window);

 private:
  void run_whole(Segment segment, std::size_t n, std::size_t window);
  void run_ends(Segment segment, std::size_t n);
  void check_refused_again(Segment segment, std::size_t n);
  void check_parts(Segment segment, std::span<const T> before, std::span<const T> decoded,
                   std::size_t window);
  void check_visit(Segment segment, std::span<const T> before, std::span<const T> decoded);
  void check_three_at_once(Segment segment, std::span<const T> before, std::size_t window);
  void soil(int value, std::size_t n);

  std::unique_ptr<MessageCompressor<T>> codec_;
  const SparseCompressor<T>* sparse_;  // null if it is dense
  Scratch scratch_;
};

}  // namespace pith::test
