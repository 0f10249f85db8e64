// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <pith/core/vector.h>
#include <pith/optim/adam_kernels.h>
#include <pith/optim/zero_one_adam.h>

namespace pith {
namespace {

std::string text_of(const ZeroOneAdamOptions& options) {
  return "0/1 Adam\nvar_freeze_step=" + std::to_string(options.var_freeze_step) +
         "\nvar_update_scaler=" + std::to_string(options.var_update_scaler) +
         "\nlocal_step_scaler=" + std::to_string(options.local_step_scaler) +
         "\nlocal_step_clipper=" + std::to_string(options.local_step_clipper) + "\n";
}

std::string mistake_of(const ZeroOneAdamOptions& options) {
  const auto zero = [](const char* name) { return std::string(name) + "=0: must be 1 or more"; };
  if (options.var_freeze_step == 0) return zero("var_freeze_step");
  if (options.var_update_scaler == 0) return zero("var_update_scaler");
  if (options.local_step_scaler == 0) return zero("local_step_scaler");
  if (options.local_step_clipper == 0) return zero("local_step_clipper");
  return {};
}

template <Element T>
bool divides(T interval, std::uint64_t step) {
  return step % static_cast<std::uint64_t>(interval) == 0;
}

}  // namespace

template <Element T>
ZeroOneAdam<T>::ZeroOneAdam(Communicator& communicator, const ZeroOneAdamOptions& options)
    : AdamOptimizer<T>(communicator, options.adam, text_of(options), mistake_of(options)),
      zero_one_(options) {}

template <Element T>
void ZeroOneAdam<T>::prepare() {
  for (const AdamTensor<T>& tensor : this->tensors_) {
    const AlignedVector<T> zeros(tensor.momentum.size(), T(0));
    displacements_.push_back({zeros, zeros});
  }
}

template <Element T>
typename ZeroOneAdam<T>::Kind ZeroOneAdam<T>::next() const {
  const std::uint64_t step = this->steps() + 1;
  if (learns_variance()) return divides(var_interval_, step) ? Kind::full : Kind::compressed;
  return divides(local_interval_, step) ? Kind::compressed : Kind::local;
}

template <Element T>
StepResult ZeroOneAdam<T>::take_step() {
  if (learns_variance()) return exchanged_step(next());
  return next() == Kind::local ? local_step() : synchronise();
}

template <Element T>
StepResult ZeroOneAdam<T>::exchanged_step(Kind kind) {
  const bool full = kind == Kind::full;
  for (AdamTensor<T>& tensor : this->tensors_) {
    this->compose_gradient(tensor);
    if (!full) this->mask(tensor, tensor.message);
  }
  const StepResult result = this->exchange(full ? this->full_ : this->compressed_, this->lr_);
  if (!result.committed) return result;
  for (AdamTensor<T>& tensor : this->tensors_) {
    if (full) {
      this->update_moments(tensor);
    } else {
      this->mask(tensor, tensor.message);
      this->update_momentum(tensor);
    }
    this->find_direction(tensor, tensor.momentum);
    this->descend(tensor, this->rate());
  }
  ++this->step_;
  if (full) count_variance_update();
  if (!learns_variance()) enter_local_phase();
  return result;
}

template <Element T>
void ZeroOneAdam<T>::count_variance_update() {
  if (++var_counter_ < static_cast<T>(zero_one_.var_update_scaler)) return;
  var_counter_ = 0;
  var_interval_ *= 2;
}

template <Element T>
void ZeroOneAdam<T>::enter_local_phase() {
  for (const StateView<T>& state : this->compressed_.template states<T>()) {
    if (state.per_element) std::ranges::fill(state.values, T(0));
  }
  for (std::size_t t = 0; t < displacements_.size(); ++t) {
    std::ranges::copy(this->tensors_[t].parameters, displacements_[t].anchor.begin());
  }
}

// Nobody else hears of this step, so it counts whatever this rank's gradients are: otherwise the
// ranks would not meet at the next synchronisation.
template <Element T>
StepResult ZeroOneAdam<T>::local_step() {
  for (AdamTensor<T>& tensor : this->tensors_) this->compose_momentum(tensor);
  const std::string reason = unusable();
  rates_ += this->rate();
  count_local_step();
  if (!reason.empty()) {
    if (this->options_.non_finite == NonFinite::fail) this->fail(reason);  // if it is the first
    for (std::size_t t = 0; t < displacements_.size(); ++t) {
      decay_masked(this->tensors_[t], displacements_[t]);
    }
    return {.committed = false, .reason = reason};
  }
  for (std::size_t t = 0; t < displacements_.size(); ++t) {
    AdamTensor<T>& tensor = this->tensors_[t];
    Displacement& displacement = displacements_[t];
    std::swap(tensor.momentum, tensor.message);
    this->find_direction(tensor, tensor.momentum);
    axpy(-this->rate(), std::span<const T>(tensor.message), std::span(displacement.moved));
    combine(T(1), std::span<const T>(displacement.anchor), T(1),
            std::span<const T>(displacement.moved), tensor.parameters);
  }
  return {};
}

// The other ranks let masked elements decay in this step, and all take it that they have.
template <Element T>
void ZeroOneAdam<T>::decay_masked(AdamTensor<T>& tensor, Displacement& displacement) const {
  if (!this->options_.mask_zeros) return;
  const T decay = static_cast<T>(this->options_.weight_decay);
  for (std::size_t i = 0; i < tensor.variance.size(); ++i) {
    if (tensor.variance[i] != 0) continue;
    displacement.moved[i] += -this->rate() * (decay * tensor.parameters[i]);
    tensor.parameters[i] = displacement.anchor[i] + displacement.moved[i];
  }
}

template <Element T>
std::string ZeroOneAdam<T>::unusable() const {
  if (!this->fault_.empty()) return this->fault_;
  for (const AdamTensor<T>& tensor : this->tensors_) {
    if (all_finite(std::span<const T>(tensor.message))) continue;
    return "step " + std::to_string(this->steps() + 1) + ": the gradient of tensor \"" +
           tensor.name + "\" is not finite on this rank";
  }
  return {};
}

// Nothing but messages is written before the ranks have agreed.
template <Element T>
StepResult ZeroOneAdam<T>::synchronise() {
  const T rates = rates_ + this->rate();
  for (std::size_t t = 0; t < displacements_.size(); ++t) {
    AdamTensor<T>& tensor = this->tensors_[t];
    this->compose_momentum(tensor);
    this->find_direction(tensor, tensor.message);
    adam::displacement(std::span<const T>(displacements_[t].moved),
                       std::span<const T>(tensor.variance), this->rate(), this->eps(),
                       std::span(tensor.message));
    this->mask(tensor, tensor.message);
  }
  const StepResult result = this->exchange(this->compressed_, static_cast<double>(rates));
  if (!result.committed) return result;
  for (std::size_t t = 0; t < displacements_.size(); ++t) {
    meet(this->tensors_[t], displacements_[t], rates);
  }
  rates_ = 0;
  count_local_step();
  return result;
}

// At masked elements no rank's momentum can have moved it: all went the same way.
template <Element T>
void ZeroOneAdam<T>::meet(AdamTensor<T>& tensor, Displacement& displacement, T rates) const {
  const T decay = this->rate() * static_cast<T>(this->options_.weight_decay);
  for (std::size_t i = 0; i < tensor.momentum.size(); ++i) {
    const T v = tensor.variance[i];
    const bool masked = this->options_.mask_zeros && v == 0;
    const T sent = masked ? T(0) : tensor.message[i];
    const T moved = masked ? displacement.moved[i] - decay * tensor.parameters[i]
                           : sent / (std::sqrt(v) + this->eps());
    tensor.momentum[i] = rates == 0 ? T(0) : -sent / rates;
    displacement.anchor[i] += moved;
    tensor.parameters[i] = displacement.anchor[i];
    displacement.moved[i] = 0;
  }
}

template <Element T>
void ZeroOneAdam<T>::count_local_step() {
  ++this->step_;
  if (++local_counter_ < static_cast<T>(zero_one_.local_step_scaler)) return;
  local_counter_ = 0;
  local_interval_ = std::min(local_interval_ * 2, static_cast<T>(zero_one_.local_step_clipper));
}

template <Element T>
void ZeroOneAdam<T>::append_states(std::vector<StateView<T>>& all) {
  for (StateView<T>& state : all) {
    if (!learns_variance() && state.name.ends_with("/momentum")) state.scope = Scope::per_rank;
  }
  all.push_back(this->counter("var_interval", var_interval_));
  all.push_back(this->counter("var_counter", var_counter_));
  all.push_back(this->counter("local_interval", local_interval_));
  all.push_back(this->counter("local_counter", local_counter_));
  all.push_back(this->counter("rates", rates_));
  for (std::size_t t = 0; t < displacements_.size(); ++t) {
    const std::string& name = this->tensors_[t].name;
    all.push_back({name + "/anchor", Scope::replicated, 0, displacements_[t].anchor});
    all.push_back({name + "/moved", Scope::per_rank, 0, displacements_[t].moved});
  }
}

template class ZeroOneAdam<float>;
template class ZeroOneAdam<double>;

}  // namespace pith
