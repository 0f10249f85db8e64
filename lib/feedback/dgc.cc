// SPDX-License-Identifier: Apache-2.0
#include <pith/core/vector.h>
#include <pith/feedback/dgc.h>

namespace pith {

template <Element T>
void Dgc<T>::begin(int, std::span<const T> gradient, const StepContext& step, std::span<T>) {
  momentum_.begin();
  residual_.begin();
  gradient_ = gradient;
  gradient_scale_ = static_cast<T>(step.gradient_scale);
  state_scale_ = static_cast<T>(step.state_scale);
  masks_ = options_.masking && !step.exact && step.guarantee.contraction != 1.0;
}

// Both may be the same span, which then holds what is accumulated.
template <Element T>
void Dgc<T>::correct(Range range, std::span<T> momentum, std::span<T> accumulated) const {
  const auto gradient = slice(gradient_, range);
  const T m = static_cast<T>(options_.momentum);
  combine(m * state_scale_, slice(momentum_.current(), range),
          options_.nesterov ? m * gradient_scale_ : gradient_scale_, gradient, momentum);
  combine(state_scale_, slice(residual_.current(), range), T(1), std::span<const T>(momentum),
          accumulated);
  if (options_.nesterov) axpy(gradient_scale_, gradient, accumulated);
}

template <Element T>
void Dgc<T>::peek(Range range, std::span<T> out) const {
  correct(range, out, out);
}

template <Element T>
std::span<const T> Dgc<T>::compose(Range range) {
  const auto out = residual_.write(range);
  correct(range, momentum_.write(range), out);
  return out;
}

template <Element T>
void Dgc<T>::settle() {
  momentum_.settle();
  residual_.settle();
}

template <Element T>
void Dgc<T>::commit(Range range, const Decoded<T>& sent) {
  sent.axpy(T(-1), range.begin, residual_.written(range));
  if (masks_) sent.clear(range.begin, momentum_.written(range));
}

template <Element T>
void Dgc<T>::accept() {
  momentum_.accept();
  residual_.accept();
}

template <Element T>
void Dgc<T>::absorb(int, std::span<const T> mean, std::span<T> estimate) {
  copy(mean, estimate);
}

template <Element T>
std::vector<StateView<T>> Dgc<T>::states() {
  return {momentum_.view("momentum"), residual_.view_unsent("residual")};
}

template class Dgc<float>;
template class Dgc<double>;

}  // namespace pith
