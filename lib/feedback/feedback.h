// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <pith/compressors/decoded.h>
#include <pith/compressors/guarantee.h>
#include <pith/core/element.h>
#include <pith/core/range.h>
#include <pith/core/state.h>

namespace pith {

/// What rules need in a step and nobody else tells them.
struct StepContext {
  std::uint64_t step = 0;     ///< committed steps before this one
  double learning_rate = 0;   ///< 0: not given
  Guarantee guarantee = {};   ///< of the tensor's compressor
  bool exact = false;         ///< the tensor travels uncompressed in this step
  double loss_scale = 1;      ///< gradients were multiplied by it
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

/// Elements that a rule composes, and elements of the mean that it takes in: one number, but where
/// a rank sends a whole tensor and receives its shard of the mean, or the other way round.
struct Extent {
  Extent(std::size_t n) : sent(n), received(n) {}
  Extent(std::size_t sends, std::size_t receives) : sent(sends), received(receives) {}

  std::size_t sent;
  std::size_t received;
};

/// Decides what a rank sends instead of its gradient, and what the trainer receives instead of the
/// mean. One instance per tensor (or element range) and rank.
///
/// A step calls, for one message m after the other: begin(); compose() for ranges that ascend and
/// leave nothing out, and commit() for what was composed, each element once; observe(); and later,
/// once all ranks have agreed, accept() and absorb(). Threads may compose and commit ranges of
/// their own, and call settle() behind them. However the tensor is divided into ranges, the bits
/// are the same. A rank that takes no part in a step calls absorb() only. A step that is not
/// accepted leaves what states() shows bit for bit (Commit::step).
///
/// Memory   stated per rule in vectors of n elements (private ones, of what is sent, double with
///          Commit::step; replicated ones are of what is received); large ones have 16 KiB per
///          thread besides.
template <Element T>
class Feedback {
 public:
  virtual ~Feedback() = default;

  /// Messages per step.
  virtual int messages() const { return 1; }

  /// What carries the tensor promises this from the next step on; a rank's own steps say it again
  /// in their context. Told on every rank, also to those that take no part, before the first step
  /// that is compressed and wherever a schedule changes. Until then nothing is lost.
  virtual void carried_by(const Guarantee&) {}

  /// Message m. `gradient` and `scratch`, n elements each, belong to the rule until the step ends.
  virtual void begin(int m, std::span<const T> gradient, const StepContext& step,
                     std::span<T> scratch) = 0;

  /// What compose(range) is going to give. Changes nothing.
  virtual void peek(Range range, std::span<T> out) const = 0;

  /// What to send as these elements, and the private state that goes with it; there until the next
  /// call.
  virtual std::span<const T> compose(Range range) = 0;

  /// This thread has composed and, if it does so block by block, committed all that it is going to.
  virtual void settle() {}

  /// All that was composed and settled, while nothing is committed. After an error: what was
  /// composed until then, and perhaps committed.
  virtual std::span<const T> composed() = 0;

  /// Updates the private state of these elements by what the others will really use of them.
  virtual void commit(Range range, const Decoded<T>& sent) = 0;

  /// Looks at the whole message once all of it is committed.
  virtual void observe(const Decoded<T>&) {}

  /// The step is agreed: the private state written by commit() holds from now on.
  virtual void accept() = 0;

  /// Takes the mean of all ranks' message m and writes what the trainer receives to `estimate`,
  /// which may be the `mean` of the first message; as many elements as are received. Called after
  /// accept(), on every rank, with the same bits; message by message, with the same `estimate`,
  /// which is complete after the last one.
  virtual void absorb(int m, std::span<const T> mean, std::span<T> estimate) = 0;

  /// Every state, committed values only, for checkpoints, statistics and tests.
  virtual std::vector<StateView<T>> states() = 0;

  /// The whole message at once: the plain way, which the sweep by blocks must equal.
  std::span<const T> compose_all(int m, std::span<const T> gradient, const StepContext& step,
                                 std::span<T> scratch) {
    begin(m, gradient, step, scratch);
    compose({0, gradient.size()});
    settle();
    return composed();
  }

  void commit_all(std::size_t n, const Decoded<T>& sent) {
    commit({0, n}, sent);
    settle();
    observe(sent);
  }
};

}  // namespace pith
