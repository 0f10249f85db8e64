// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include <pith/core/vector.h>
#include <pith/optim/onebit_adam.h>

namespace pith {
namespace {

std::string text_of(const OneBitAdamOptions& options) {
  return "1-bit Adam\nfreeze_step=" + std::to_string(options.freeze_step) +
         "\nvar_freeze_threshold=" + std::to_string(options.var_freeze_threshold) +
         "\nlr_warmup_steps=" + std::to_string(options.lr_warmup_steps) + "\n";
}

std::string mistake_of(const OneBitAdamOptions& options) {
  if (options.freeze_step == 0) return "freeze_step=0: must be 1 or more";
  if (options.var_freeze_threshold >= 0 && options.var_freeze_threshold <= 1) return {};
  return "var_freeze_threshold=" + std::to_string(options.var_freeze_threshold) +
         ": must be in [0, 1]";
}

}  // namespace

template <Element T>
OneBitAdam<T>::OneBitAdam(Communicator& communicator, const OneBitAdamOptions& options)
    : AdamOptimizer<T>(communicator, options.adam, text_of(options), mistake_of(options)),
      freeze_step_(options.freeze_step),
      threshold_(options.var_freeze_threshold),
      lr_warmup_steps_(options.lr_warmup_steps) {}

template <Element T>
StepResult OneBitAdam<T>::take_step() {
  const StepResult result = frozen() ? compressed_step() : full_step();
  if (!result.committed) return result;
  for (AdamTensor<T>& tensor : this->tensors_) {
    this->find_direction(tensor, tensor.momentum);
    this->descend(tensor, this->rate());
  }
  ++this->step_;
  if (!frozen()) consider_freezing();
  return result;
}

template <Element T>
StepResult OneBitAdam<T>::full_step() {
  for (AdamTensor<T>& tensor : this->tensors_) this->compose_gradient(tensor);
  const StepResult result = this->exchange(this->full_, this->lr_);
  if (!result.committed) return result;
  for (AdamTensor<T>& tensor : this->tensors_) this->update_moments(tensor);
  return result;
}

template <Element T>
StepResult OneBitAdam<T>::compressed_step() {
  for (AdamTensor<T>& tensor : this->tensors_) this->compose_momentum(tensor);
  const StepResult result = this->exchange(this->compressed_, this->lr_);
  if (!result.committed) return result;
  for (AdamTensor<T>& tensor : this->tensors_) {
    std::swap(tensor.momentum, tensor.message);
    this->mask(tensor, tensor.momentum);
  }
  return result;
}

template <Element T>
void OneBitAdam<T>::consider_freezing() {
  const bool stable = is_stable() && this->steps() >= lr_warmup_steps_;
  if (stable || this->steps() >= freeze_step_) frozen_ = 1;
}

template <Element T>
bool OneBitAdam<T>::is_stable() {
  const auto interval = static_cast<std::uint64_t>(std::llround(1 / (1 - this->options_.betas[1])));
  if (threshold_ == 0 || this->steps() % interval != 0) return false;
  double sum = 0;
  for (const AdamTensor<T>& tensor : this->tensors_) {
    sum += absolute_sum(std::span<const T>(tensor.variance));
  }
  const T before = std::exchange(variance_norm_, static_cast<T>(sum));
  return std::min(before, variance_norm_) > 0 &&
         std::min(before, variance_norm_) >=
             static_cast<T>(threshold_) * std::max(before, variance_norm_);
}

template <Element T>
void OneBitAdam<T>::append_states(std::vector<StateView<T>>& all) {
  all.push_back(this->counter("frozen", frozen_));
  all.push_back(this->counter("variance_norm", variance_norm_));
}

template class OneBitAdam<float>;
template class OneBitAdam<double>;

}  // namespace pith
