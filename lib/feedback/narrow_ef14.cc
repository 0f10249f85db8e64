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
  const T count = steps_.current() + 1;
  resets_ = options_.reset > 0 && count >= static_cast<T>(options_.reset);
  steps_.set_next(resets_ ? T(0) : count);
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
  if (exact_) return;
  sent.axpy(T(-1), range.begin, slice(composed_, range));
  if (options_.average > 0) average(range);
}

// With the residual that was composed, as it counts in this step.
template <Element T>
void NarrowEf14<T>::average(Range range) {
  constexpr std::size_t kTogether = 512;
  const T beta = static_cast<T>(options_.average);
  T before[kTogether];
  while (range.size() > 0) {
    const Range part{range.begin, std::min(range.end, range.begin + kTogether)};
    const std::span<T> old(before, part.size());
    residual_.read(part, old);
    combine(T(1) - beta, std::span<const T>(slice(composed_, part)), beta * residual_scale_,
            std::span<const T>(old), slice(composed_, part));
    range.begin = part.end;
  }
}

template <Element T>
void NarrowEf14<T>::observe(const Decoded<T>&) {
  if (exact_ || resets_) return residual_.write_zeros();
  residual_.write(composed_);
}

template <Element T>
void NarrowEf14<T>::accept() {
  residual_.accept();
  rate_.accept();
  steps_.accept();
}

template <Element T>
void NarrowEf14<T>::absorb(int, std::span<const T> mean, std::span<T> estimate) {
  copy(mean, estimate);
}

template <Element T>
std::vector<StateView<T>> NarrowEf14<T>::states() {
  std::vector<StateView<T>> all{residual_.view("residual"), rate_.view()};
  if (options_.reset > 0) all.push_back(steps_.view("steps_since_reset"));
  return all;
}

template class NarrowEf14<float>;
template class NarrowEf14<double>;

}  // namespace pith
