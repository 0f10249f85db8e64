// SPDX-License-Identifier: Apache-2.0
#include <pith/core/vector.h>
#include <pith/feedback/none.h>

namespace pith {

template <Element T>
std::span<const T> None<T>::compose(int, std::span<const T> gradient, const StepContext& step,
                                    std::span<T> scratch) {
  if (step.gradient_scale == 1) return gradient;
  copy(gradient, scratch);
  scale(static_cast<T>(step.gradient_scale), scratch);
  return scratch;
}

template <Element T>
void None<T>::commit(int, const Sent<T>&) {}

template <Element T>
void None<T>::absorb(int, std::span<const T> mean, std::span<T> estimate) {
  copy(mean, estimate);
}

template class None<float>;
template class None<double>;

}  // namespace pith
