// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/core/vector.h>
#include <pith/feedback/econtrol.h>

namespace pith {
namespace {

constexpr double kLargestMeasuredEta = 0.4;
constexpr double kMemory = 0.9;  // of the measured contraction

// The share of the elements that a message carries. A few large ones can hold most of the norm, but
// the others wait for their turn, and a larger eta than this lets their residuals grow.
template <Element T>
double share_sent(const Decoded<T>& sent, std::span<T> scratch) {
  std::ranges::fill(scratch, T(0));
  sent.axpy(T(1), 0, scratch);
  const auto absent = std::ranges::count(scratch, T(0));
  return 1 - static_cast<double>(absent) / static_cast<double>(scratch.size());
}

}  // namespace

template <Element T>
EControl<T>::EControl(Extent n, Commit commit, std::optional<double> eta)
    : error_(n.sent, commit), followed_(n, commit), contraction_(0) {
  if (eta) fixed_eta_ = static_cast<T>(*eta);
}

template <Element T>
T EControl<T>::eta(const StepContext& step) {
  const Guarantee& guarantee = step.guarantee;
  const bool typical = guarantee.contraction && guarantee.contraction_is_typical;
  measures_ = !fixed_eta_ && !typical && !step.exact;
  if (fixed_eta_) return *fixed_eta_;
  if (typical) return static_cast<T>(*guarantee.contraction);
  return std::min(T(kLargestMeasuredEta), contraction_.current());
}

template <Element T>
void EControl<T>::begin(int, std::span<const T> gradient, const StepContext& step,
                        std::span<T> scratch) {
  step_ = {.share = eta(step),
           .gradient_scale = static_cast<T>(step.gradient_scale),
           .state_scale = static_cast<T>(step.state_scale)};
  error_.begin();
  gradient_ = gradient;
  followed_.begin(step_.state_scale);
  composed_ = scratch;
}

template <Element T>
void EControl<T>::run(Range range, std::span<T> next, std::span<T> out) const {
  step_.run(slice(gradient_, range), slice(error_.current(), range), followed_.own(range), next,
            out);
}

template <Element T>
void EControl<T>::peek(Range range, std::span<T> out) const {
  run(range, out, out);
}

template <Element T>
std::span<const T> EControl<T>::compose(Range range) {
  run(range, error_.write(range), slice(composed_, range));
  followed_.carry(range);
  return slice(composed_, range);
}

template <Element T>
std::span<const T> EControl<T>::composed() {
  return composed_;
}

template <Element T>
void EControl<T>::commit(Range range, const Decoded<T>& sent) {
  sent.axpy(T(-1), range.begin, error_.written(range));
  followed_.commit(range, sent);
}

// Last in the step: it spends the composed message.
template <Element T>
void EControl<T>::observe(const Decoded<T>& sent) {
  contraction_.set_next(contraction_.current());
  if (!measures_) return;
  const double all = squared_norm(std::span<const T>(composed_));
  if (all == 0) return;
  sent.axpy(T(-1), 0, composed_);
  const double kept = std::max(0.0, 1 - squared_norm(std::span<const T>(composed_)) / all);
  const double now = std::min(kept, share_sent(sent, composed_));
  const auto before = static_cast<double>(contraction_.current());
  contraction_.set_next(static_cast<T>(before > 0 ? kMemory * before + (1 - kMemory) * now : now));
}

template <Element T>
void EControl<T>::accept() {
  error_.accept();
  followed_.accept();
  contraction_.accept();
}

template <Element T>
void EControl<T>::absorb(int, std::span<const T> mean, std::span<T> estimate) {
  followed_.absorb(mean, estimate);
}

template <Element T>
std::vector<StateView<T>> EControl<T>::states() {
  std::vector<StateView<T>> all{error_.view_unsent("error")};
  followed_.append_states(all);
  all.push_back(contraction_.view("contraction"));
  return all;
}

template class EControl<float>;
template class EControl<double>;

}  // namespace pith
