// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <pith/core/element.h>
#include <pith/core/state.h>
#include <pith/feedback/feedback.h>

namespace pith {

/// A rank's own state: read from current(), written to next(), swapped by accept(). With
/// Commit::inplace both are the same memory.
template <Element T>
class PrivateState {
 public:
  PrivateState(std::size_t n, Commit commit, T initial = 0)
      : current_(n, initial), next_(commit == Commit::step ? n : 0, initial) {}

  std::span<const T> current() const { return current_; }
  std::span<T> next() { return next_.empty() ? std::span<T>(current_) : std::span<T>(next_); }

  void accept() {
    if (!next_.empty()) std::swap(current_, next_);
  }

  StateView<T> view(std::string name) {
    return {.name = std::move(name), .scope = Scope::per_rank, .values = current_};
  }

 private:
  std::vector<T> current_;
  std::vector<T> next_;
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
