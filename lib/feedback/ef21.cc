// SPDX-License-Identifier: Apache-2.0
#include <pith/core/vector.h>
#include <pith/feedback/ef21.h>

namespace pith {

template <Element T>
std::span<const T> Ef21<T>::compose(int, std::span<const T> gradient, const StepContext& step,
                                    std::span<T> scratch) {
  const T state_scale = static_cast<T>(step.state_scale);
  combine(static_cast<T>(step.gradient_scale), gradient, -state_scale, followed_.begin(state_scale),
          scratch);
  return scratch;
}

template <Element T>
void Ef21<T>::commit(int, const Sent<T>& sent) {
  followed_.commit(sent);
}

template <Element T>
void Ef21<T>::absorb(int, std::span<const T> mean, std::span<T> estimate) {
  followed_.absorb(mean, estimate);
}

template <Element T>
std::vector<StateView<T>> Ef21<T>::states() {
  std::vector<StateView<T>> all;
  followed_.append_states(all);
  return all;
}

template class Ef21<float>;
template class Ef21<double>;

}  // namespace pith
