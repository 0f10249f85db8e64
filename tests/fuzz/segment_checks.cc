// SPDX-License-Identifier: Apache-2.0
#include "fuzz/segment_checks.h"

#include <pith/compressors/registry.h>
#include <pith/core/vector.h>

#include "fuzz/support.h"

namespace pith::test {
namespace {

// Small numbers, no two neighbours alike and none of them 0, so that every write shows.
template <Element T>
std::span<const T> canaries(std::size_t n) {
  static const std::vector<T> all = [] {
    std::vector<T> y(kMostElements);
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = static_cast<T>(i % 5) - T(2.5);
    return y;
  }();
  return std::span(all).first(n);
}

template <class Body>
bool refused(Body body) {
  try {
    body();
  } catch (const WireError&) {
    return true;
  }
  return false;
}

template <Element T>
void require_finite(std::span<const T> y) {
  require(all_finite(y), "what is decoded is finite");
}

}  // namespace

template <Element T>
SegmentChecks<T>::SegmentChecks(std::string_view spec)
    : codec_(make_message<T>(parse_pipeline(spec), Shape::flat(1))),
      sparse_(dynamic_cast<const SparseCompressor<T>*>(codec_.get())) {}

template <Element T>
void SegmentChecks<T>::run(Segment segment, std::size_t n, std::size_t window) {
  scratch_.clear();
  if (n <= kMostElements) {
    run_whole(segment, n, window);
  } else {
    run_ends(segment, n);
  }
}

// What a decoder might read in Scratch without having written it.
template <Element T>
void SegmentChecks<T>::soil(int value, std::size_t n) {
  const Scratch::Frame frame(scratch_);
  const auto bytes = scratch_.take<std::byte>(64 + 16 * n);
  std::memset(bytes.data(), value, bytes.size());
}

template <Element T>
void SegmentChecks<T>::run_whole(Segment segment, std::size_t n, std::size_t window) {
  const std::span<const T> before = canaries<T>(n);
  std::vector<T> y(before.begin(), before.end());
  soil(0x00, n);
  const bool invalid = refused([&] { codec_->decode_axpy(1, segment, y, scratch_); });
  soil(0xff, n);
  if (invalid) {
    require(same_bits<T>(y, before), "a segment that is refused writes nothing");
    // Not each time: a run that is refused spends most of its time on the exception.
    return window % 4 == 0 ? check_refused_again(segment, n) : void();
  }
  require_finite<T>(y);
  if (n == 0) return;
  check_parts(segment, before, y, window);
  check_three_at_once(segment, before, window);
  if (sparse_ != nullptr) check_visit(segment, before, y);
}

template <Element T>
void SegmentChecks<T>::check_refused_again(Segment segment, std::size_t n) {
  const auto never = [](std::size_t, T) { require(false, "what is refused has no entries"); };
  if (n == 0 || sparse_ == nullptr) return;
  require(refused([&] { sparse_->visit(segment, n, scratch_, never); }),
          "visit() refuses what decode_axpy() refuses");
}

template <Element T>
void SegmentChecks<T>::check_parts(Segment segment, std::span<const T> before,
                                   std::span<const T> decoded, std::size_t window) {
  const Scratch::Frame frame(scratch_);
  const Decoded<T>& opened = codec_->open(segment, before.size(), scratch_);
  // Each in memory of its own, so that nothing is written beside it unseen.
  std::vector<T> head(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(window));
  std::vector<T> tail(before.begin() + static_cast<std::ptrdiff_t>(window), before.end());
  opened.axpy(1, segment.first + window, tail);
  opened.axpy(1, segment.first, head);
  require(same_bits<T>(head, decoded.first(window)) && same_bits<T>(tail, decoded.subspan(window)),
          "parts decode to the same bits as the whole");
}

template <Element T>
void SegmentChecks<T>::check_three_at_once(Segment segment, std::span<const T> before,
                                           std::size_t window) {
  const Scratch::Frame frame(scratch_);
  const Decoded<T>* opened = &codec_->open(segment, before.size(), scratch_);
  const std::vector all(3, opened);
  std::vector<T> mean(before.size() - window);
  std::vector<T> in_turn(mean.size());
  opened->mean(all, 4, segment.first + window, mean);
  for (const Decoded<T>* one : all) one->axpy(1, segment.first + window, in_turn);
  for (T& value : in_turn) value /= 4;
  require(same_bits<T>(mean, in_turn), "the mean of several has the bits of their sum, divided");
}

template <Element T>
void SegmentChecks<T>::check_visit(Segment segment, std::span<const T> before,
                                   std::span<const T> decoded) {
  std::vector<T> y(before.begin(), before.end());
  std::size_t least = 0;
  sparse_->visit(segment, y.size(), scratch_, [&](std::size_t index, T value) {
    require(index >= least && index < y.size(), "indices ascend and lie in the segment");
    least = index + 1;
    y[index] += value;
  });
  require(same_bits<T>(y, decoded), "the entries are what is added, and all of it");
}

template <Element T>
void SegmentChecks<T>::run_ends(Segment segment, std::size_t n) {
  constexpr std::size_t kEnd = 64;
  std::vector<T> y(kEnd);
  const bool invalid = refused([&] {
    const Decoded<T>& opened = codec_->open(segment, n, scratch_);
    opened.axpy(1, segment.first, y);
    require_finite<T>(y);
    std::ranges::fill(y, T(0));
    opened.axpy(1, segment.first + n - kEnd, y);
    require_finite<T>(y);
  });
  if (invalid || sparse_ == nullptr) return;
  std::size_t least = 0;
  sparse_->visit(segment, n, scratch_, [&](std::size_t index, T value) {
    require(index >= least && index < n, "indices ascend and lie in the segment");
    require(std::isfinite(value), "what is decoded is finite");
    least = index + 1;
  });
}

template class SegmentChecks<float>;
template class SegmentChecks<double>;

}  // namespace pith::test
