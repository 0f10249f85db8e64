// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <pith/core/error.h>
#include <pith/core/vector.h>
#include <pith/optim/decay_momentum.h>
#include <pith/optim/must_be.h>

namespace pith {

template <Element T>
DecayMomentum<T>::DecayMomentum(std::size_t n, const DecayOptions& options)
    : momentum_(n), options_(options) {
  if (!(options.weight_decay >= 0)) {
    throw UsageError(must_be<T>("weight_decay", options.weight_decay, "at least 0"));
  }
  if (!(options.momentum >= 0 && static_cast<T>(options.momentum) < 1)) {
    throw UsageError(must_be<T>("momentum", options.momentum, "at least 0, below 1"));
  }
}

template <Element T>
void DecayMomentum<T>::add(std::span<const T> weights, std::span<T> estimate) {
  const std::span<T> b(momentum_);
  if (weights.size() != b.size() || estimate.size() != b.size()) {
    throw UsageError("DecayMomentum: " + std::to_string(weights.size()) + " weights and " +
                     std::to_string(estimate.size()) + " of the estimate for a tensor of " +
                     std::to_string(b.size()));
  }
  const T m = static_cast<T>(options_.momentum);
  const T d = static_cast<T>(options_.weight_decay);
  combine(m, std::span<const T>(b), d, weights, b);
  if (options_.nesterov) axpy(d, weights, estimate);
  axpy(options_.nesterov ? m : T(1), std::span<const T>(b), estimate);
}

template <Element T>
StateView<T> DecayMomentum<T>::state() {
  return {.name = "decay_momentum", .scope = Scope::replicated, .values = momentum_};
}

template class DecayMomentum<float>;
template class DecayMomentum<double>;

}  // namespace pith
