// SPDX-License-Identifier: Apache-2.0
#include <pith/core/vector.h>
#include <pith/feedback/ef21.h>

namespace pith {

template <Element T>
void Ef21<T>::begin(int, std::span<const T> gradient, const StepContext& step,
                    std::span<T> scratch) {
  gradient_ = gradient;
  gradient_scale_ = static_cast<T>(step.gradient_scale);
  message_scale_ = 1;
  followed_.begin(static_cast<T>(step.state_scale));
  composed_ = scratch;
}

template <Element T>
void Ef21<T>::peek(Range range, std::span<T> out) const {
  combine(message_scale_ * gradient_scale_, slice(gradient_, range),
          -message_scale_ * followed_.state_scale(), followed_.own(range), out);
}

template <Element T>
std::span<const T> Ef21<T>::compose(Range range) {
  peek(range, slice(composed_, range));
  followed_.carry(range);
  return slice(composed_, range);
}

template <Element T>
std::span<const T> Ef21<T>::composed() {
  return composed_;
}

template <Element T>
void Ef21<T>::commit(Range range, const Decoded<T>& sent) {
  followed_.commit(range, sent);
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
