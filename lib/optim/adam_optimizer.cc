// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <sstream>
#include <utility>

#include <pith/core/vector.h>
#include <pith/optim/adam_kernels.h>
#include <pith/optim/adam_optimizer.h>
#include <pith/optim/checked.h>
#include <pith/optim/must_be.h>

namespace pith {
namespace {

std::string text_of(const AdamOptions& options) {
  std::ostringstream out;
  out.precision(17);
  out << "lr=" << options.lr << "\nbetas=" << options.betas[0] << ',' << options.betas[1]
      << "\neps=" << options.eps << "\nweight_decay=" << options.weight_decay
      << "\nmask_zeros=" << options.mask_zeros << '\n';
  return out.str();
}

// Of what the options are as T.
template <Element T>
std::string mistake_of(const AdamOptions& options) {
  const auto lr = static_cast<T>(options.lr);
  if (!(lr >= 0 && std::isfinite(lr))) return must_be<T>("lr", options.lr, "0 or more");
  for (const double beta : options.betas) {
    if (!(beta >= 0 && static_cast<T>(beta) < 1)) return must_be<T>("betas", beta, "in [0, 1)");
  }
  const auto eps = static_cast<T>(options.eps);
  if (!(eps > 0 && std::isfinite(eps))) return must_be<T>("eps", options.eps, "above 0");
  const auto decay = static_cast<T>(options.weight_decay);
  if (!(decay >= 0 && std::isfinite(decay))) {
    return must_be<T>("weight_decay", options.weight_decay, "0 or more");
  }
  if (options.non_finite == NonFinite::propagate) {
    return "non_finite=propagate: gradients are only read, so it must be skip or fail";
  }
  return {};
}

// By a rule of each tensor: PITH_COMPRESSOR is for the compressed steps.
ReducerOptions full_options(const AdamOptions& options) {
  return {.non_finite = options.non_finite,
          .rules = {{.compressor = options.full_precision, .feedback = "none", .exchange = "raw"}}};
}

// Which compressor is open to PITH_COMPRESSOR; with another rule or exchange it is not this method.
ReducerOptions compressed_options(const AdamOptions& options) {
  return {.compressor = options.compressor,
          .unit = CompressedUnit::model,
          .non_finite = options.non_finite,
          .rules = {{.feedback = "ef14(rescale=false)", .exchange = "sharded"}}};
}

}  // namespace

template <Element T>
AdamOptimizer<T>::AdamOptimizer(Communicator& communicator, const AdamOptions& options,
                                const std::string& text, const std::string& mistake)
    : options_(options),
      lr_(options.lr),
      full_(checked(communicator, mistake.empty() ? mistake_of<T>(options) : mistake,
                    text_of(options) + text),
            full_options(options)),
      compressed_(communicator, compressed_options(options)),
      communicator_(communicator) {}

template <Element T>
void AdamOptimizer<T>::add(std::string_view name, std::span<T> parameters,
                           std::span<const T> gradients) {
  if (started_) return fail("add: tensor \"" + std::string(name) + "\" comes after the first step");
  if (parameters.size() != gradients.size() && mistake_.empty()) {
    mistake_ = "add: tensor \"" + std::string(name) + "\" has " +
               std::to_string(parameters.size()) + " parameters and " +
               std::to_string(gradients.size()) + " gradients";
  }
  const std::size_t n = parameters.size();
  full_.add(name, Shape::flat(n), element_type<T>);
  compressed_.add(name, Shape::flat(n), element_type<T>);
  AlignedVector<T> zeros(n, T(0));
  tensors_.push_back({std::string(name), parameters, gradients, zeros, zeros, zeros});
}

template <Element T>
void AdamOptimizer<T>::start() {
  if (started_) return;
  share_error(communicator_, mistake_);
  prepare();
  started_ = true;
}

template <Element T>
void AdamOptimizer<T>::broadcast() {
  start();
  for (AdamTensor<T>& tensor : tensors_) full_.broadcast(tensor.name, tensor.parameters);
}

template <Element T>
void AdamOptimizer<T>::set_lr(double lr) {
  if (!(lr >= 0 && std::isfinite(static_cast<T>(lr)))) {
    return fail("set_lr: the learning rate is " + std::to_string(lr));
  }
  lr_ = lr;
}

template <Element T>
void AdamOptimizer<T>::fail(const std::string& reason) {
  if (fault_.empty()) fault_ = reason;
}

template <Element T>
StepResult AdamOptimizer<T>::step(double loss_scale) {
  start();
  if (!(loss_scale > 0 && std::isfinite(loss_scale))) {
    fail("step: the loss scale is " + std::to_string(loss_scale));
  }
  gradient_factor_ = static_cast<T>(1 / loss_scale);
  return take_step();
}

template <Element T>
std::vector<StateView<T>> AdamOptimizer<T>::states() {
  start();
  std::vector<StateView<T>> all{counter("step", step_)};
  for (AdamTensor<T>& tensor : tensors_) {
    all.push_back({tensor.name + "/momentum", Scope::replicated, 0, tensor.momentum});
    all.push_back({tensor.name + "/variance", Scope::replicated, 0, tensor.variance});
  }
  append_states(all);
  for (const StateView<T>& state : compressed_.template states<T>()) all.push_back(state);
  return all;
}

template <Element T>
void AdamOptimizer<T>::compose_momentum(AdamTensor<T>& tensor) const {
  combine(beta(0), std::span<const T>(tensor.momentum), (T(1) - beta(0)) * gradient_factor_,
          tensor.gradients, std::span(tensor.message));
  mask(tensor, tensor.message);
}

template <Element T>
void AdamOptimizer<T>::compose_gradient(AdamTensor<T>& tensor) const {
  std::ranges::copy(tensor.gradients, tensor.message.begin());
  scale(gradient_factor_, std::span(tensor.message));
}

template <Element T>
void AdamOptimizer<T>::mask(const AdamTensor<T>& tensor, std::span<T> x) const {
  if (options_.mask_zeros) adam::mask(std::span<const T>(tensor.variance), x);
}

template <Element T>
void AdamOptimizer<T>::update_momentum(AdamTensor<T>& tensor) const {
  combine(beta(0), std::span<const T>(tensor.momentum), T(1) - beta(0),
          std::span<const T>(tensor.message), std::span(tensor.momentum));
}

template <Element T>
void AdamOptimizer<T>::update_moments(AdamTensor<T>& tensor) const {
  adam::average_squares(beta(1), std::span<const T>(tensor.message), std::span(tensor.variance));
  update_momentum(tensor);
}

template <Element T>
void AdamOptimizer<T>::find_direction(AdamTensor<T>& tensor, std::span<const T> momentum) const {
  adam::direction(momentum, std::span<const T>(tensor.variance),
                  std::span<const T>(tensor.parameters), eps(),
                  static_cast<T>(options_.weight_decay), std::span(tensor.message));
}

template <Element T>
void AdamOptimizer<T>::descend(AdamTensor<T>& tensor, T rate) const {
  axpy(-rate, std::span<const T>(tensor.message), tensor.parameters);
}

template <Element T>
StepResult AdamOptimizer<T>::exchange(Reducer& reducer, double rate) {
  if (!fault_.empty()) reducer.fail(std::exchange(fault_, {}));
  for (AdamTensor<T>& tensor : tensors_) reducer.push(tensor.name, std::span(tensor.message));
  return reducer.wait({.learning_rate = rate});
}

template class AdamOptimizer<float>;
template class AdamOptimizer<double>;

}  // namespace pith
