// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/core/vector.h>
#include <pith/feedback/none.h>

namespace pith {

template <Element T>
void None<T>::begin(int, std::span<const T> gradient, const StepContext& step,
                    std::span<T> scratch) {
  gradient_ = gradient;
  gradient_scale_ = static_cast<T>(step.gradient_scale);
  scratch_ = scratch;
}

template <Element T>
void None<T>::peek(Range range, std::span<T> out) const {
  std::ranges::copy(slice(gradient_, range), out.begin());
  scale(gradient_scale_, out);
}

template <Element T>
std::span<const T> None<T>::compose(Range range) {
  if (gradient_scale_ == 1) return slice(gradient_, range);
  peek(range, slice(scratch_, range));
  return slice(scratch_, range);
}

template <Element T>
std::span<const T> None<T>::composed() {
  return gradient_scale_ == 1 ? gradient_ : scratch_;
}

template <Element T>
void None<T>::commit(Range, const Decoded<T>&) {}

template <Element T>
void None<T>::absorb(int, std::span<const T> mean, std::span<T> estimate) {
  copy(mean, estimate);
}

template class None<float>;
template class None<double>;

}  // namespace pith
