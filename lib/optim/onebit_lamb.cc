// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <sstream>

#include <pith/core/vector.h>
#include <pith/optim/adam_kernels.h>
#include <pith/optim/must_be.h>
#include <pith/optim/onebit_lamb.h>

namespace pith {
namespace {

std::string text_of(const OneBitLambOptions& options) {
  std::ostringstream out;
  out.precision(17);
  out << "1-bit LAMB\nfreeze_step=" << options.freeze_step << "\ncoeff=" << options.min_coeff << ','
      << options.max_coeff << "\ncoeff_beta=" << options.coeff_beta
      << "\nfactor=" << options.factor_min << ',' << options.factor_max
      << "\nfactor_threshold=" << options.factor_threshold << '\n';
  return out.str();
}

template <Element T>
std::string mistake_of(const OneBitLambOptions& options) {
  if (options.freeze_step == 0) return "freeze_step=0: must be 1 or more";
  if (!(options.coeff_beta >= 0 && static_cast<T>(options.coeff_beta) < 1)) {
    return must_be<T>("coeff_beta", options.coeff_beta, "in [0, 1)");
  }
  if (!(static_cast<T>(options.min_coeff) > 0)) {
    return must_be<T>("min_coeff", options.min_coeff, "above 0");
  }
  if (!(options.max_coeff >= options.min_coeff)) {
    return must_be("max_coeff", options.max_coeff, "min_coeff or more");
  }
  if (!(static_cast<T>(options.factor_min) > 0 && options.factor_min <= 1)) {
    return must_be<T>("factor_min", options.factor_min, "in (0, 1]");
  }
  if (!(options.factor_max >= 1)) return must_be("factor_max", options.factor_max, "1 or more");
  const auto threshold = static_cast<T>(options.factor_threshold);
  if (!(threshold > 0 && threshold < 1)) {
    return must_be<T>("factor_threshold", options.factor_threshold, "in (0, 1)");
  }
  return {};
}

template <Element T>
T norm(std::span<const T> x) {
  return static_cast<T>(std::sqrt(squared_norm(x)));
}

// In relation to the number of elements.
template <Element T>
double magnitude(const AdamTensor<T>& tensor) {
  const auto n = static_cast<double>(tensor.momentum.size());
  return n == 0 ? 0 : std::sqrt(squared_norm(std::span<const T>(tensor.momentum)) / n);
}

}  // namespace

template <Element T>
OneBitLamb<T>::OneBitLamb(Communicator& communicator, const OneBitLambOptions& options)
    : AdamOptimizer<T>(communicator, options.adam, text_of(options), mistake_of<T>(options)),
      lamb_(options) {}

template <Element T>
void OneBitLamb<T>::prepare() {
  for (const AdamTensor<T>& tensor : this->tensors_) {
    layers_.push_back({.fresh = AlignedVector<T>(tensor.variance.size(), T(0))});
  }
}

template <Element T>
StepResult OneBitLamb<T>::take_step() {
  const StepResult result = frozen() ? compressed_step() : full_step();
  if (!result.committed) return result;
  ++this->step_;
  if (this->steps() == lamb_.freeze_step) freeze();
  return result;
}

template <Element T>
StepResult OneBitLamb<T>::full_step() {
  for (AdamTensor<T>& tensor : this->tensors_) this->compose_gradient(tensor);
  const StepResult result = this->exchange(this->full_, this->lr_);
  if (!result.committed) return result;
  for (std::size_t t = 0; t < layers_.size(); ++t) {
    AdamTensor<T>& tensor = this->tensors_[t];
    this->update_moments(tensor);
    this->find_direction(tensor, tensor.momentum);
    this->descend(tensor, this->rate() * trust_ratio(tensor, layers_[t]));
  }
  return result;
}

template <Element T>
T OneBitLamb<T>::trust_ratio(const AdamTensor<T>& tensor, Layer& layer) const {
  const T weights = norm(std::span<const T>(tensor.parameters));
  const T direction = norm(std::span<const T>(tensor.message));
  if (weights == 0 || direction == 0) return 1;
  const T ratio = std::clamp(weights / direction, static_cast<T>(lamb_.min_coeff),
                             static_cast<T>(lamb_.max_coeff));
  const auto beta = static_cast<T>(lamb_.coeff_beta);
  if (ratio != 1) layer.coefficient = beta * layer.coefficient + (T(1) - beta) * ratio;
  return ratio;
}

// A tensor without momentum is left as it is: the published code divides by its norm.
template <Element T>
void OneBitLamb<T>::freeze() {
  double mean = 0;
  for (const auto& tensor : this->tensors_) mean += magnitude(tensor);
  mean /= static_cast<double>(std::max<std::size_t>(layers_.size(), 1));
  for (std::size_t t = 0; t < layers_.size(); ++t) {
    const double own = magnitude(this->tensors_[t]);
    const double scaling = own > 0 ? mean / own : 1;
    layers_[t].scaling = std::isfinite(static_cast<T>(scaling)) ? static_cast<T>(scaling) : T(1);
    layers_[t].fresh = this->tensors_[t].variance;
  }
}

template <Element T>
StepResult OneBitLamb<T>::compressed_step() {
  for (std::size_t t = 0; t < layers_.size(); ++t) {
    this->compose_momentum(this->tensors_[t]);
    scale(layers_[t].scaling, std::span(this->tensors_[t].message));
  }
  const StepResult result = this->exchange(this->compressed_, this->lr_);
  if (!result.committed) return result;
  for (std::size_t t = 0; t < layers_.size(); ++t) {
    AdamTensor<T>& tensor = this->tensors_[t];
    take_momentum(tensor, layers_[t]);
    std::ranges::copy(tensor.momentum, tensor.message.begin());
    adam::precondition(std::span<const T>(tensor.variance), this->eps(), std::span(tensor.message));
    const T preconditioned = norm(std::span<const T>(tensor.message));
    this->find_direction(tensor, tensor.momentum);
    this->descend(tensor, this->rate() * frozen_ratio(tensor, layers_[t], preconditioned));
  }
  return result;
}

template <Element T>
void OneBitLamb<T>::take_momentum(AdamTensor<T>& tensor, Layer& layer) const {
  divide(std::span(tensor.message), layer.scaling);
  this->mask(tensor, tensor.message);
  adam::average_rebuilt_squares(this->beta(0), this->beta(1), std::span<const T>(tensor.momentum),
                                std::span<const T>(tensor.message), std::span(layer.fresh));
  std::swap(tensor.momentum, tensor.message);
}

template <Element T>
T OneBitLamb<T>::frozen_ratio(const AdamTensor<T>& tensor, Layer& layer,
                              T preconditioned_norm) const {
  T factor = adam::largest_ratio(std::span<const T>(tensor.variance),
                                 std::span<const T>(layer.fresh), this->eps());
  const T direction = norm(std::span<const T>(tensor.message));
  if (this->options_.weight_decay > 0 && direction > 0) {
    const T share = std::min(T(1), preconditioned_norm / direction);
    factor = factor * share + (T(1) - share);
  }
  const auto threshold = static_cast<T>(lamb_.factor_threshold);
  factor = std::clamp(factor, static_cast<T>(lamb_.factor_min), static_cast<T>(lamb_.factor_max));
  factor = std::clamp(factor, layer.factor * (T(1) - threshold), layer.factor * (T(1) + threshold));
  layer.factor = factor;
  return factor * (layer.coefficient == 0 ? T(1) : layer.coefficient);
}

template <Element T>
void OneBitLamb<T>::append_states(std::vector<StateView<T>>& all) {
  for (std::size_t t = 0; t < layers_.size(); ++t) {
    const std::string& name = this->tensors_[t].name;
    Layer& layer = layers_[t];
    all.push_back({name + "/fresh_variance", Scope::replicated, 0, layer.fresh});
    all.push_back(this->counter(name + "/coefficient", layer.coefficient));
    all.push_back(this->counter(name + "/factor", layer.factor));
    all.push_back(this->counter(name + "/scaling", layer.scaling));
  }
}

template class OneBitLamb<float>;
template class OneBitLamb<double>;

}  // namespace pith
