// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <pith/core/aligned.h>
#include <pith/core/element.h>
#include <pith/core/range.h>
#include <pith/core/state.h>
#include <pith/core/threads.h>
#include <pith/core/vector.h>
#include <pith/feedback/feedback.h>

namespace pith {

/// A rank's own state: read from current(), written block by block, swapped by accept(). With
/// Commit::inplace what is written is what is read.
///
/// With Commit::step a block is written beside the next state, where it stays in the first cache
/// until the block after it: then it goes past the caches to its place, which nobody reads in this
/// step. That spares the memory a third of the work. Each of the threads() that there were at the
/// start has such a block of 16 KiB; others write directly.
template <Element T>
class PrivateState {
 public:
  PrivateState(std::size_t n, Commit commit, T initial = 0)
      : current_(n, initial), next_(commit == Commit::step ? n : 0, initial) {
    if (n >= kStreamed && !next_.empty()) held_.resize(threads());
    for (Held& held : held_) held.block.resize(kBlock);
  }

  /// A step begins: what a failed one left is forgotten.
  void begin() {
    for (Held& held : held_) held.range = {};
  }

  std::span<const T> current() const { return current_; }

  /// Where the next values of a range are to be written; the ranges of a thread ascend.
  std::span<T> write(Range range) {
    settle();
    if (lane() >= held_.size() || range.size() > kBlock) return slice(all(), range);
    Held& held = held_[lane()];
    held.range = range;
    return std::span(held.block).first(range.size());
  }

  /// What this thread wrote last, or what has been settled.
  std::span<T> written(Range range) {
    if (lane() < held_.size()) {
      Held& held = held_[lane()];
      if (held.range.holds(range)) return slice(std::span<T>(held.block), range, held.range.begin);
    }
    return slice(all(), range);
  }

  /// Puts what this thread wrote in its place.
  void settle() {
    if (lane() < held_.size()) settle(held_[lane()]);
  }

  /// All that was written; no thread is at it.
  std::span<T> next() {
    for (Held& held : held_) settle(held);
    return all();
  }

  void accept() {
    next();
    end_stream();
    if (!next_.empty()) std::swap(current_, next_);
  }

  StateView<T> view(std::string name) {
    return {.name = std::move(name), .scope = Scope::per_rank, .values = current_};
  }

  /// Of a residual.
  StateView<T> view_unsent(std::string name) {
    auto residual = view(std::move(name));
    residual.unsent = true;
    return residual;
  }

 private:
  static constexpr std::size_t kBlock = 16384 / sizeof(T);
  static constexpr std::size_t kStreamed = std::size_t{1} << 18;  // smaller ones stay in a cache

  struct Held {
    AlignedVector<T> block;
    Range range;
  };

  std::span<T> all() { return next_.empty() ? std::span<T>(current_) : std::span<T>(next_); }

  void settle(Held& held) {
    const auto range = std::exchange(held.range, Range{});
    if (range.size() == 0) return;
    stream(std::span<const T>(held.block).first(range.size()), slice(all(), range));
  }

  AlignedVector<T> current_;
  AlignedVector<T> next_;
  std::vector<Held> held_;  // thread by thread
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
