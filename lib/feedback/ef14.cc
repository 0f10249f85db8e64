// SPDX-License-Identifier: Apache-2.0
#include <pith/core/vector.h>
#include <pith/feedback/ef14.h>

namespace pith {

template <Element T>
T Ef14<T>::ratio(const StepContext& step) const {
  const T before = learning_rate_.current();
  const T now = static_cast<T>(step.learning_rate);
  const T ratio = rescale_ && before > 0 && now > 0 ? before / now : T(1);
  return ratio * static_cast<T>(step.state_scale);
}

template <Element T>
std::span<const T> Ef14<T>::compose(int, std::span<const T> gradient, const StepContext& step,
                                    std::span<T>) {
  combine(static_cast<T>(step.gradient_scale), gradient, ratio(step), residual_.current(),
          residual_.next());
  learning_rate_.set_next(static_cast<T>(step.learning_rate));
  return residual_.next();
}

template <Element T>
void Ef14<T>::commit(int, const Sent<T>& sent) {
  sent.axpy(T(-1), residual_.next());
}

template <Element T>
void Ef14<T>::accept() {
  residual_.accept();
  learning_rate_.accept();
}

template <Element T>
void Ef14<T>::absorb(int, std::span<const T> mean, std::span<T> estimate) {
  copy(mean, estimate);
}

template <Element T>
std::vector<StateView<T>> Ef14<T>::states() {
  return {residual_.view("residual"), learning_rate_.view("learning_rate")};
}

template class Ef14<float>;
template class Ef14<double>;

}  // namespace pith
