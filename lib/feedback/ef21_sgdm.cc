// SPDX-License-Identifier: Apache-2.0
#include <pith/core/vector.h>
#include <pith/feedback/ef21_sgdm.h>

namespace pith {

template <Element T>
void Ef21Sgdm<T>::begin(int, std::span<const T> gradient, const StepContext& step,
                        std::span<T> scratch) {
  step_ = {.eta = step.exact && step.step == 0 ? T(1) : eta_,
           .gradient_scale = static_cast<T>(step.gradient_scale),
           .state_scale = static_cast<T>(step.state_scale)};
  momentum_.begin();
  gradient_ = gradient;
  followed_.begin(step_.state_scale);
  composed_ = scratch;
}

template <Element T>
void Ef21Sgdm<T>::run(Range range, std::span<T> after, std::span<T> out) const {
  step_.run(slice(gradient_, range), slice(momentum_.current(), range), followed_.own(range), after,
            out);
}

template <Element T>
void Ef21Sgdm<T>::peek(Range range, std::span<T> out) const {
  run(range, out, out);
}

template <Element T>
std::span<const T> Ef21Sgdm<T>::compose(Range range) {
  run(range, momentum_.write(range), slice(composed_, range));
  followed_.carry(range);
  return slice(composed_, range);
}

template <Element T>
std::span<const T> Ef21Sgdm<T>::composed() {
  return composed_;
}

template <Element T>
void Ef21Sgdm<T>::commit(Range range, const Decoded<T>& sent) {
  followed_.commit(range, sent);
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
