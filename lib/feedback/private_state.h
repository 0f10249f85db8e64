// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <pith/core/aligned.h>
#include <pith/core/element.h>
#include <pith/core/range.h>
#include <pith/core/state.h>
#include <pith/core/vector.h>
#include <pith/feedback/feedback.h>

namespace pith {

/// A rank's own state: read from current(), written block by block, swapped by accept(). With
/// Commit::inplace what is written is what is read.
///
/// With Commit::step a block is written beside the next state, where it stays in the first cache
/// until the block after it: then it goes past the caches to its place, which nobody reads in this
/// step. That spares the memory a third of the work.
template <Element T>
class PrivateState {
 public:
  PrivateState(std::size_t n, Commit commit, T initial = 0)
      : current_(n, initial), next_(commit == Commit::step ? n : 0, initial) {
    if (n >= kStreamed && !next_.empty()) block_.resize(kBlock);
  }

  std::span<const T> current() const { return current_; }

  /// Where the next values of a range are to be written; ranges ascend.
  std::span<T> write(Range range) {
    if (range.size() > block_.size()) return slice(next(), range);
    flush();
    held_ = range;
    return std::span(block_).first(range.size());
  }

  /// What was written of a range.
  std::span<T> written(Range range) {
    if (held_.holds(range)) return slice(std::span<T>(block_), range, held_.begin);
    return slice(next(), range);
  }

  /// All that was written.
  std::span<T> next() {
    flush();
    return next_.empty() ? std::span<T>(current_) : std::span<T>(next_);
  }

  void accept() {
    flush();
    if (!next_.empty()) std::swap(current_, next_);
  }

  StateView<T> view(std::string name) {
    return {.name = std::move(name), .scope = Scope::per_rank, .values = current_};
  }

 private:
  static constexpr std::size_t kBlock = 16384 / sizeof(T);
  static constexpr std::size_t kStreamed = std::size_t{1} << 18;  // smaller ones stay in a cache

  void flush() {
    const auto held = std::exchange(held_, Range{});
    if (held.size() == 0) return;
    stream(std::span<const T>(block_).first(held.size()), slice(std::span<T>(next_), held));
  }

  AlignedVector<T> current_;
  AlignedVector<T> next_;
  AlignedVector<T> block_;
  Range held_;
};

/// The same for one number, which is double-buffered in any case.
template <Element T>
class PrivateScalar {
 public:
  explicit PrivateScalar(T initial) : current_(initial), next_(initial) {}

  T current() const { return current_; }
  void set_next(T value) { next_ = value; }
  void accept() { current_ = next_; }

  StateView<T> view(std::string name) {
    return {.name = std::move(name), .values = {&current_, 1}, .per_element = false};
  }

 private:
  T current_;
  T next_;
};

}  // namespace pith
