// SPDX-License-Identifier: Apache-2.0
#include <pith/core/vector.h>
#include <pith/feedback/d_ec.h>

namespace pith {

template <Element T>
void DEc<T>::begin(int m, std::span<const T> gradient, const StepContext& step,
                   std::span<T> scratch) {
  gradient_ = gradient;
  gradient_scale_ = static_cast<T>(step.gradient_scale);
  learns_ = m == 1;
  composed_ = scratch;
  if (!learns_) error_.begin();
  followed_.begin(static_cast<T>(step.state_scale));
}

template <Element T>
void DEc<T>::peek(Range range, std::span<T> out) const {
  const T state_scale = followed_.state_scale();
  combine(gradient_scale_, slice(gradient_, range), -state_scale, followed_.own(range), out);
  if (!learns_) axpy(state_scale, slice(error_.current(), range), out);
}

template <Element T>
std::span<const T> DEc<T>::compose(Range range) {
  const auto out = slice(composed_, range);
  peek(range, out);
  if (learns_) {
    followed_.carry(range);
  } else {
    copy(std::span<const T>(out), error_.write(range));
  }
  return out;
}

template <Element T>
void DEc<T>::settle() {
  error_.settle();
  followed_.settle();
}

template <Element T>
void DEc<T>::commit(Range range, const Decoded<T>& sent) {
  if (learns_) {
    followed_.commit(range, sent);
  } else {
    sent.axpy(T(-1), range.begin, error_.written(range));
  }
}

template <Element T>
void DEc<T>::accept() {
  error_.accept();
  followed_.accept();
}

// The first mean corrects what the second one learns to follow.
template <Element T>
void DEc<T>::absorb(int m, std::span<const T> mean, std::span<T> estimate) {
  if (m == 1) return followed_.learn(mean);
  combine(T(1), mean, T(1), followed_.mean(), estimate);
}

template <Element T>
std::vector<StateView<T>> DEc<T>::states() {
  std::vector<StateView<T>> all{error_.view_unsent("error")};
  followed_.append_states(all);
  return all;
}

template class DEc<float>;
template class DEc<double>;

}  // namespace pith
