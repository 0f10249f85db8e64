// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/core/vector.h>
#include <pith/feedback/narrow_ef14.h>

namespace pith {

template <Element T>
void NarrowEf14<T>::begin(int, std::span<const T> gradient, const StepContext& step,
                          std::span<T> scratch) {
  residual_.begin();
  gradient_ = gradient;
  gradient_scale_ = static_cast<T>(step.gradient_scale);
  residual_scale_ = rate_.begin(step);
  exact_ = step.exact;
  composed_ = scratch;
}

template <Element T>
void NarrowEf14<T>::peek(Range range, std::span<T> out) const {
  residual_.read(range, out);
  combine(gradient_scale_, slice(gradient_, range), residual_scale_, std::span<const T>(out), out);
}

template <Element T>
std::span<const T> NarrowEf14<T>::compose(Range range) {
  peek(range, slice(composed_, range));
  return slice(composed_, range);
}

// The composed message becomes what is left of it; one that travels as it is must stay.
template <Element T>
void NarrowEf14<T>::commit(Range range, const Decoded<T>& sent) {
  if (!exact_) sent.axpy(T(-1), range.begin, slice(composed_, range));
}

template <Element T>
void NarrowEf14<T>::observe(const Decoded<T>&) {
  if (exact_) return residual_.write_zeros();
  residual_.write(composed_);
}

template <Element T>
void NarrowEf14<T>::accept() {
  residual_.accept();
  rate_.accept();
}

template <Element T>
void NarrowEf14<T>::absorb(int, std::span<const T> mean, std::span<T> estimate) {
  copy(mean, estimate);
}

template <Element T>
std::vector<StateView<T>> NarrowEf14<T>::states() {
  return {residual_.view("residual"), rate_.view()};
}

template class NarrowEf14<float>;
template class NarrowEf14<double>;

}  // namespace pith
