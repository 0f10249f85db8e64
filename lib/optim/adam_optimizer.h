// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/core/aligned.h>
#include <pith/core/element.h>
#include <pith/core/state.h>
#include <pith/optim/adam_options.h>
#include <pith/reducer/reducer.h>

namespace pith {

/// One tensor of the model, and what every optimizer of the Adam family keeps for it.
template <Element T>
struct AdamTensor {
  std::string name;
  std::span<T> parameters;
  std::span<const T> gradients;
  AlignedVector<T> momentum;
  AlignedVector<T> variance;
  AlignedVector<T> message;  ///< what this rank sends, then the mean over the ranks, then scratch
};

/// What 1-bit Adam, 1-bit LAMB and 0/1 Adam have in common: the trainer's calls, the tensors and
/// the two ways in which they travel.
///
///   OneBitAdam adam(world, {.adam = {.lr = 1e-3}, .freeze_step = 1000});
///   for (auto& p : parameters) adam.add(p.name, p.values, p.gradient);
///   adam.broadcast();                     // replicas start equal, checked
///   for (...) {
///     compute_gradients();                // each rank its own, into p.gradient
///     adam.step();                        // p.values: same bits on every rank
///   }
///
/// A full-precision step averages as Reducer does with raw; a compressed one as Reducer does with
/// one unit for the model, the sharded exchange and ef14(rescale=false) at ranks and owners. So a
/// step counts on all ranks or on none, and a mistake on one rank is the same error on all of them.
/// Gradients are only read. Nothing is padded for the number of ranks: segments are cut as evenly
/// as can be, and only each message is a multiple of 16 bytes.
///
/// Memory   momentum, variance, message: 3 n elements; the reducer's scratch and residuals.
/// Throws   as Reducer; UsageError on all ranks for options out of range or different.
template <Element T>
class AdamOptimizer {
 public:
  virtual ~AdamOptimizer() = default;
  AdamOptimizer(const AdamOptimizer&) = delete;
  AdamOptimizer& operator=(const AdamOptimizer&) = delete;

  /// Registers a tensor, before the first step; in the same order on all ranks. The memory must
  /// stay where it is.
  void add(std::string_view name, std::span<T> parameters, std::span<const T> gradients);

  /// Replaces all parameters by rank 0's and checks that all ranks now hold the same.
  void broadcast();

  /// From the next step on; the same on all ranks. One that is negative or not finite is as fail().
  void set_lr(double lr);

  /// This rank cannot go on, for a reason of its own: the next step that exchanges something throws
  /// UsageError with the reason on every rank, and counts nowhere; steps before leave this rank as
  /// it is.
  void fail(const std::string& reason);

  /// One step with the gradients as they are, which were multiplied by `loss_scale`.
  StepResult step(double loss_scale = 1);

  /// Steps that counted.
  std::uint64_t steps() const { return static_cast<std::uint64_t>(step_); }

  /// All states, "tensor/state" and those of the whole optimizer, for checkpoints: whoever copies
  /// their values to an optimizer of the same tensors on as many ranks, and the parameters, goes on
  /// with the same bits. The first call is collective. Counters are exact up to 2^24 in float.
  std::vector<StateView<T>> states();

 protected:
  /// `text` holds the options that are not in `options`, `mistake` what is wrong with them.
  AdamOptimizer(Communicator& communicator, const AdamOptions& options, const std::string& text,
                const std::string& mistake);

  /// One step; step_ counts those that are to count.
  virtual StepResult take_step() = 0;

  /// All tensors are there.
  virtual void prepare() {}

  /// Those of the derived optimizer, to the step, momenta and variances.
  virtual void append_states(std::vector<StateView<T>>&) {}

  /// message = b1 momentum + (1 - b1) gradient; masked.
  void compose_momentum(AdamTensor<T>& tensor) const;

  /// message = gradient
  void compose_gradient(AdamTensor<T>& tensor) const;

  /// Zeros in x where the tensor's variance is zero, if options say so.
  void mask(const AdamTensor<T>& tensor, std::span<T> x) const;

  /// Takes the mean gradient from `message` into the momentum.
  void update_momentum(AdamTensor<T>& tensor) const;

  /// The same for the variance, first, and the momentum.
  void update_moments(AdamTensor<T>& tensor) const;

  /// message = momentum / (sqrt(variance) + eps) + weight_decay parameters; `momentum` may be the
  /// message.
  void find_direction(AdamTensor<T>& tensor, std::span<const T> momentum) const;

  /// parameters -= rate * message
  void descend(AdamTensor<T>& tensor, T rate) const;

  /// Replaces every message by its mean over the ranks. `rate` is compared between them.
  StepResult exchange(Reducer& reducer, double rate);

  /// Of the whole optimizer.
  static StateView<T> counter(std::string name, T& value) {
    return {std::move(name), Scope::replicated, 0, std::span<T>(&value, 1), false};
  }

  T eps() const { return static_cast<T>(options_.eps); }
  T rate() const { return static_cast<T>(lr_); }
  T beta(std::size_t which) const { return static_cast<T>(options_.betas[which]); }

  AdamOptions options_;
  double lr_;
  T step_ = 0;
  T gradient_factor_ = 1;  // of the step at hand
  std::string fault_;      // of fail(), until an exchange takes it
  std::vector<AdamTensor<T>> tensors_;
  Reducer full_;
  Reducer compressed_;

 private:
  void start();

  Communicator& communicator_;
  std::string mistake_;  // of add()
  bool started_ = false;
};

}  // namespace pith
