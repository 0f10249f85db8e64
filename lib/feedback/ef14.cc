// SPDX-License-Identifier: Apache-2.0
#include <pith/core/vector.h>
#include <pith/feedback/ef14.h>

namespace pith {

template <Element T>
void Ef14<T>::begin(int, std::span<const T> gradient, const StepContext& step, std::span<T>) {
  residual_.begin();
  gradient_ = gradient;
  gradient_scale_ = static_cast<T>(step.gradient_scale);
  residual_scale_ = rate_.begin(step);
}

template <Element T>
void Ef14<T>::peek(Range range, std::span<T> out) const {
  combine(gradient_scale_, slice(gradient_, range), residual_scale_,
          slice(residual_.current(), range), out);
}

template <Element T>
std::span<const T> Ef14<T>::compose(Range range) {
  const auto out = residual_.write(range);
  peek(range, out);
  return out;
}

template <Element T>
std::span<const T> Ef14<T>::composed() {
  return residual_.next();
}

template <Element T>
void Ef14<T>::commit(Range range, const Decoded<T>& sent) {
  sent.axpy(T(-1), range.begin, residual_.written(range));
}

template <Element T>
void Ef14<T>::accept() {
  residual_.accept();
  rate_.accept();
}

template <Element T>
void Ef14<T>::absorb(int, std::span<const T> mean, std::span<T> estimate) {
  copy(mean, estimate);
}

template <Element T>
std::vector<StateView<T>> Ef14<T>::states() {
  return {residual_.view_unsent("residual"), rate_.view()};
}

template class Ef14<float>;
template class Ef14<double>;

}  // namespace pith
