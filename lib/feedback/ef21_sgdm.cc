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
  const T gradient_scale = static_cast<T>(step.gradient_scale);
  const T state_scale = static_cast<T>(step.state_scale);
  const auto own = followed_.begin(state_scale);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    after[i] = (T(1) - eta) * (state_scale * before[i]) + eta * (gradient_scale * gradient[i]);
    scratch[i] = after[i] - state_scale * own[i];
  }
  return scratch;
}

template <Element T>
void Ef21Sgdm<T>::commit(int, const Sent<T>& sent) {
  followed_.commit(sent);
}

template <Element T>
void Ef21Sgdm<T>::accept() {
  momentum_.accept();
  followed_.accept();
}

template <Element T>
void Ef21Sgdm<T>::absorb(int, std::span<const T> mean, std::span<T> estimate) {
  followed_.absorb(mean, estimate);
}

template <Element T>
std::vector<StateView<T>> Ef21Sgdm<T>::states() {
  std::vector<StateView<T>> all{momentum_.view("momentum")};
  followed_.append_states(all);
  return all;
}

template class Ef21Sgdm<float>;
template class Ef21Sgdm<double>;

}  // namespace pith
