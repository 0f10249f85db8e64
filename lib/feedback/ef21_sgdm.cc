// SPDX-License-Identifier: Apache-2.0
#include <pith/core/vector.h>
#include <pith/feedback/ef21_sgdm.h>

namespace pith {

template <Element T>
std::span<const T> Ef21Sgdm<T>::compose(int, std::span<const T> gradient, const StepContext& step,
                                        std::span<T> scratch) {
  const T eta = step.exact && step.step == 0 ? T(1) : eta_;
  const auto before = momentum_.current();
  const auto after = momentum_.next();
  const auto own = own_.current();
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    after[i] = (T(1) - eta) * before[i] + eta * gradient[i];
    scratch[i] = after[i] - own[i];
  }
  return scratch;
}

template <Element T>
void Ef21Sgdm<T>::commit(int, const Sent<T>& sent) {
  copy(own_.current(), own_.next());
  sent.axpy(T(1), own_.next());
}

template <Element T>
void Ef21Sgdm<T>::accept() {
  momentum_.accept();
  own_.accept();
}

template <Element T>
void Ef21Sgdm<T>::absorb(int, std::span<const T> mean, std::span<T> estimate) {
  axpy(T(1), mean, std::span<T>(mean_));
  copy(std::span<const T>(mean_), estimate);
}

template <Element T>
std::vector<StateView<T>> Ef21Sgdm<T>::states() {
  return {momentum_.view("momentum"),
          own_.view("own"),
          {.name = "mean", .scope = Scope::replicated, .values = mean_}};
}

template class Ef21Sgdm<float>;
template class Ef21Sgdm<double>;

}  // namespace pith
