// SPDX-License-Identifier: Apache-2.0
#include <pith/core/vector.h>
#include <pith/feedback/ef21.h>

namespace pith {

template <Element T>
std::span<const T> Ef21<T>::compose(int, std::span<const T> gradient, const StepContext&,
                                    std::span<T> scratch) {
  add_scaled(gradient, T(-1), followed_.own(), scratch);
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
