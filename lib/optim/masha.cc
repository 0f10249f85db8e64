// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <sstream>

#include <pith/core/error.h>
#include <pith/core/vector.h>
#include <pith/optim/checked.h>
#include <pith/optim/masha.h>
#include <pith/optim/must_be.h>
#include <pith/optim/push_computed.h>
#include <pith/optim/shared_coin.h>
#include <pith/optim/with_rule.h>

namespace pith {
namespace {

constexpr const char* kTensor = "z";

std::string text_of(const MashaOptions& options) {
  std::ostringstream out;
  out.precision(17);
  out << "step=" << options.step << "\ntau=" << options.tau
      << "\nrefresh_every=" << options.refresh_every << "\nseed=" << options.seed << '\n';
  return out.str();
}

template <Element T>
std::string mistake_of(const MashaOptions& options) {
  const auto step = static_cast<T>(options.step);
  if (!(step > 0 && std::isfinite(step))) return must_be<T>("step", options.step, "above 0");
  if (!(options.tau >= 0 && static_cast<T>(options.tau) < 1)) {
    return must_be<T>("tau", options.tau, "in [0, 1)");
  }
  return {};
}

}  // namespace

template <Element T>
Masha<T>::Masha(Communicator& communicator, const Shape& shape, const MashaOptions& options,
                Prox prox, const std::string& feedback)
    : options_(options),
      prox_(std::move(prox)),
      differences_(checked(communicator, mistake_of<T>(options), text_of(options)),
                   with_rule({.compressor = options.compressor,
                              .feedback = feedback,
                              .exchange = options.exchange},
                             options.seed)),
      anchors_(communicator, uncompressed()),
      anchor_(shape.elements()),
      own_(anchor_.size()),
      mean_(anchor_.size()),
      base_(anchor_.size()),
      half_(anchor_.size()),
      difference_(anchor_.size()) {
  differences_.add(kTensor, shape, element_type<T>);
  anchors_.add(kTensor, shape, element_type<T>);
}

template <Element T>
StepResult Masha<T>::round(std::span<T> z, const Operator& apply) {
  if (anchor_is_due()) {
    const StepResult renewed = renew_anchor(z, apply);
    if (!renewed.committed) return renewed;
  }
  const auto gamma = static_cast<T>(options_.step);
  set_base(z);
  const StepResult result = exchange_difference(z, apply);
  if (!result.committed) return result;
  const std::span<T> next(half_);
  for (std::size_t j = 0; j < next.size(); ++j) next[j] = base_[j] - gamma * difference_[j];
  if (prox_) prox_(gamma, next);  // if it throws, z stays
  copy(std::span<const T>(next), z);
  ++rounds_;
  return result;
}

// Within a computation, so that all ranks hear of it.
template <Element T>
void Masha<T>::check_length(std::span<const T> z) const {
  if (z.size() == anchor_.size()) return;
  throw UsageError("z has " + std::to_string(z.size()) + " elements, not " +
                   std::to_string(anchor_.size()));
}

template <Element T>
StepResult Masha<T>::renew_anchor(std::span<const T> z, const Operator& apply) {
  const std::span<T> value(difference_);
  push_computed(anchors_, kTensor, value, [&] {
    check_length(z);
    apply(z, value);
    copy(std::span<const T>(value), std::span<T>(half_));
  });
  const StepResult result = anchors_.wait();
  if (!result.committed) return result;
  copy(z, std::span<T>(anchor_));
  copy(std::span<const T>(half_), std::span<T>(own_));
  copy(std::span<const T>(value), std::span<T>(mean_));
  return result;
}

template <Element T>
void Masha<T>::set_base(std::span<const T> z) {
  if (z.size() != base_.size()) return;
  const auto gamma = static_cast<T>(options_.step);
  const auto tau = static_cast<T>(options_.tau);
  for (std::size_t j = 0; j < z.size(); ++j) {
    base_[j] = tau * z[j] + (1 - tau) * anchor_[j] - gamma * mean_[j];
  }
}

template <Element T>
StepResult Masha<T>::exchange_difference(std::span<const T> z, const Operator& apply) {
  const std::span<T> half(half_);
  const std::span<T> difference(difference_);
  push_computed(differences_, kTensor, difference, [&] {
    check_length(z);
    copy(std::span<const T>(base_), half);
    if (prox_) prox_(static_cast<T>(options_.step), half);
    apply(half, difference);
    axpy(T(-1), std::span<const T>(own_), difference);
  });
  return differences_.wait();
}

template <Element T>
bool Masha<T>::anchor_is_due() const {
  if (rounds_ == 0) return true;
  if (options_.refresh_every > 0) return rounds() % options_.refresh_every == 0;
  return !shared_coin(options_.seed, "anchor", rounds(), options_.tau);
}

template <Element T>
std::vector<StateView<T>> Masha<T>::states() {
  auto all = differences_.states<T>();
  all.push_back({.name = "z/own", .values = own_});
  all.push_back({.name = "z/anchor", .scope = Scope::replicated, .values = anchor_});
  all.push_back({.name = "z/mean", .scope = Scope::replicated, .values = mean_});
  all.push_back({.name = "z/rounds",
                 .scope = Scope::replicated,
                 .values = std::span(&rounds_, 1),
                 .per_element = false});
  return all;
}

template class Masha<float>;
template class Masha<double>;

}  // namespace pith
