// SPDX-License-Identifier: Apache-2.0
#include <pith/core/vector.h>
#include <pith/feedback/ef21_sgdm.h>

namespace pith {

template <Element T>
Ef21Sgdm<T>::Ef21Sgdm(Extent n, Commit commit, double eta, bool twice)
    : followed_(n, commit), eta_(static_cast<T>(eta)) {
  for (int i = 0; i < (twice ? 2 : 1); ++i) momenta_.emplace_back(n.sent, commit);
}

template <Element T>
void Ef21Sgdm<T>::begin(int, std::span<const T> gradient, const StepContext& step,
                        std::span<T> scratch) {
  step_ = {.eta = step.exact && step.step == 0 ? T(1) : eta_,
           .gradient_scale = static_cast<T>(step.gradient_scale),
           .state_scale = static_cast<T>(step.state_scale)};
  for (auto& momentum : momenta_) momentum.begin();
  gradient_ = gradient;
  followed_.begin(step_.state_scale);
  composed_ = scratch;
}

// The first of two momenta.
template <Element T>
void Ef21Sgdm<T>::average_once(Range range, std::span<T> after) const {
  combine((T(1) - step_.eta) * step_.state_scale, slice(momenta_.front().current(), range),
          step_.eta * step_.gradient_scale, slice(gradient_, range), after);
}

// The last one, of the gradient or of the momentum before it.
template <Element T>
void Ef21Sgdm<T>::run(Range range, std::span<const T> gradient, T gradient_scale,
                      std::span<T> after, std::span<T> out) const {
  MomentumStep<T> step = step_;
  step.gradient_scale = gradient_scale;
  step.run(gradient, slice(momenta_.back().current(), range), followed_.own(range), after, out);
}

template <Element T>
void Ef21Sgdm<T>::peek(Range range, std::span<T> out) const {
  if (momenta_.size() == 1) {
    return run(range, slice(gradient_, range), step_.gradient_scale, out, out);
  }
  average_once(range, out);
  run(range, out, T(1), out, out);
}

template <Element T>
std::span<const T> Ef21Sgdm<T>::compose(Range range) {
  const auto out = slice(composed_, range);
  const auto first = momenta_.front().write(range);
  if (momenta_.size() == 1) {
    run(range, slice(gradient_, range), step_.gradient_scale, first, out);
  } else {
    average_once(range, first);
    run(range, first, T(1), momenta_.back().write(range), out);
  }
  followed_.carry(range);
  return out;
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
  for (auto& momentum : momenta_) momentum.accept();
  followed_.accept();
}

template <Element T>
void Ef21Sgdm<T>::absorb(int, std::span<const T> mean, std::span<T> estimate) {
  followed_.absorb(mean, estimate);
}

template <Element T>
std::vector<StateView<T>> Ef21Sgdm<T>::states() {
  std::vector<StateView<T>> all{momenta_.front().view("momentum")};
  if (momenta_.size() > 1) all.push_back(momenta_.back().view("second_momentum"));
  followed_.append_states(all);
  return all;
}

template class Ef21Sgdm<float>;
template class Ef21Sgdm<double>;

}  // namespace pith
