// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <pith/compressors/guarantee.h>
#include <pith/core/element.h>
#include <pith/core/state.h>
#include <pith/feedback/sent.h>

namespace pith {

/// What rules need in a step and nobody else tells them.
struct StepContext {
  std::uint64_t step = 0;     ///< committed steps before this one
  double learning_rate = 0;   ///< 0: not given
  Guarantee guarantee = {};   ///< of the tensor's compressor
  bool exact = false;         ///< the tensor travels uncompressed in this step
  double gradient_scale = 1;  ///< the gradient counts times this: it was clipped
  /// Private state counts times this: the loss scale has changed. Rules apply it as they read, so
  /// that a failed step changes nothing; replicated state is scaled for them between accept() and
  /// absorb().
  double state_scale = 1;
};

/// How private state is kept until the ranks have agreed that a step counts.
enum class Commit {
  step,    ///< a second copy is written and swapped in: a failed step changes nothing
  inplace  ///< one copy; a step that fails after its first message leaves the state unusable
};

/// Decides what a rank sends instead of its gradient, and what the trainer receives instead of the
/// mean. One instance per tensor (or element range) and rank.
///
/// A step calls, for each message m: compose(), commit(), and later, once all ranks have agreed,
/// accept() and absorb(). A rank that takes no part in a step calls absorb() only. A step that is
/// not accepted leaves what states() shows bit for bit (Commit::step).
///
/// Memory   stated per rule in vectors of n elements (private ones double with Commit::step).
template <Element T>
class Feedback {
 public:
  virtual ~Feedback() = default;

  /// Messages per step.
  virtual int messages() const { return 1; }

  /// What to send as message m: n elements in `scratch` or in the rule's own memory, valid and
  /// unchanged until the step ends.
  virtual std::span<const T> compose(int m, std::span<const T> gradient, const StepContext& step,
                                     std::span<T> scratch) = 0;

  /// Updates the private state by what the others really used of message m.
  virtual void commit(int m, const Sent<T>& sent) = 0;

  /// The step is agreed: the private state written by commit() holds from now on.
  virtual void accept() = 0;

  /// Takes the mean of all ranks' message m and writes what the trainer receives to `estimate`,
  /// which may be `mean`. Called after accept(), on every rank, with the same bits.
  virtual void absorb(int m, std::span<const T> mean, std::span<T> estimate) = 0;

  /// Every state, committed values only, for checkpoints, statistics and tests.
  virtual std::vector<StateView<T>> states() = 0;
};

}  // namespace pith
