// SPDX-License-Identifier: Apache-2.0
#include <pith/core/vector.h>
#include <pith/feedback/ef21.h>

namespace pith {

template <Element T>
std::span<const T> Ef21<T>::compose(int, std::span<const T> gradient, const StepContext&,
                                    std::span<T> scratch) {
  add_scaled(gradient, T(-1), own_.current(), scratch);
  return scratch;
}

template <Element T>
void Ef21<T>::commit(int, const Sent<T>& sent) {
  copy(own_.current(), own_.next());
  sent.axpy(T(1), own_.next());
}

template <Element T>
void Ef21<T>::absorb(int, std::span<const T> mean, std::span<T> estimate) {
  axpy(T(1), mean, std::span<T>(mean_));
  copy(std::span<const T>(mean_), estimate);
}

template <Element T>
std::vector<StateView<T>> Ef21<T>::states() {
  return {own_.view("own"), {.name = "mean", .scope = Scope::replicated, .values = mean_}};
}

template class Ef21<float>;
template class Ef21<double>;

}  // namespace pith
