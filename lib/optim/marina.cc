// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <sstream>

#include <pith/core/error.h>
#include <pith/core/vector.h>
#include <pith/optim/checked.h>
#include <pith/optim/marina.h>
#include <pith/optim/must_be.h>
#include <pith/optim/push_computed.h>
#include <pith/optim/shared_coin.h>
#include <pith/optim/with_rule.h>

namespace pith {
namespace {

constexpr const char* kTensor = "x";

bool is_probability(double p) { return p > 0 && p <= 1; }

std::string mistake_of(const MarinaOptions& options) {
  const double p = options.probability;
  return is_probability(p) ? "" : must_be("probability", p, "above 0, at most 1");
}

std::string text_of(const MarinaOptions& options) {
  std::ostringstream text;
  text.precision(17);
  text << "probability=" << options.probability << "\nseed=" << options.seed << '\n';
  return text.str();
}

}  // namespace

template <Element T>
Marina<T>::Marina(Communicator& communicator, const Shape& shape, const MarinaOptions& options)
    : options_(options),
      differences_(
          checked(communicator, mistake_of(options), text_of(options)),
          with_rule(
              {.compressor = options.compressor, .feedback = "none", .exchange = options.exchange},
              options.seed)),
      full_(communicator, uncompressed()),
      before_(shape.elements()),
      mean_(before_.size()),
      pushed_(before_.size()),
      earlier_(before_.size()) {
  differences_.add(kTensor, shape, element_type<T>);
  full_.add(kTensor, shape, element_type<T>);
}

template <Element T>
StepResult Marina<T>::estimate(std::span<const T> x, const Gradient& gradient, std::span<T> out) {
  const auto compute = [&](std::span<const T> at, std::span<T> to) {
    check_lengths(x, out);
    gradient(at, to);
  };
  const bool full = full_is_due();
  const StepResult result =
      full ? exchange_gradients(x, compute) : exchange_differences(x, compute);
  if (!result.committed) return result;
  if (!full) axpy(T(1), std::span<const T>(mean_), std::span<T>(pushed_));
  if (!all_finite(std::span<const T>(pushed_))) return {false, "estimate: it would not be finite"};
  copy(std::span<const T>(pushed_), std::span<T>(mean_));
  copy(x, std::span<T>(before_));
  copy(std::span<const T>(mean_), out);
  ++rounds_;
  return result;
}

template <Element T>
StepResult Marina<T>::exchange_gradients(std::span<const T> x, const Gradient& gradient) {
  const std::span<T> pushed(pushed_);
  push_computed(full_, kTensor, pushed, [&] { gradient(x, pushed); });
  return full_.wait();
}

template <Element T>
StepResult Marina<T>::exchange_differences(std::span<const T> x, const Gradient& gradient) {
  const std::span<T> pushed(pushed_);
  push_computed(differences_, kTensor, pushed, [&] {
    gradient(before_, earlier_);
    gradient(x, pushed);
    axpy(T(-1), std::span<const T>(earlier_), pushed);
  });
  return differences_.wait();
}

// Within a computation, so that all ranks hear of it.
template <Element T>
void Marina<T>::check_lengths(std::span<const T> x, std::span<const T> out) const {
  if (x.size() == mean_.size() && out.size() == mean_.size()) return;
  throw UsageError("x and the estimate have " + std::to_string(x.size()) + " and " +
                   std::to_string(out.size()) + " elements, not " + std::to_string(mean_.size()));
}

template <Element T>
bool Marina<T>::full_is_due() const {
  return rounds_ == 0 || shared_coin(options_.seed, "full", rounds(), options_.probability);
}

template <Element T>
std::vector<StateView<T>> Marina<T>::states() {
  auto all = differences_.states<T>();
  all.push_back({.name = "x/before", .scope = Scope::replicated, .values = before_});
  all.push_back({.name = "x/mean", .scope = Scope::replicated, .values = mean_});
  all.push_back({.name = "x/rounds",
                 .scope = Scope::replicated,
                 .values = std::span(&rounds_, 1),
                 .per_element = false});
  return all;
}

double marina_stepsize(double omega, double p, std::size_t ranks, double L) {
  const auto require = [](bool fine, const char* name, double value, const char* expected) {
    if (!fine) throw UsageError("marina_stepsize: " + must_be(name, value, expected));
  };
  require(omega >= 0 && std::isfinite(omega), "omega", omega, "0 or more");
  require(is_probability(p), "p", p, "above 0, at most 1");
  require(ranks > 0, "ranks", static_cast<double>(ranks), "1 or more");
  require(L > 0 && std::isfinite(L), "L", L, "above 0");
  return 1 / (L * (1 + std::sqrt((1 - p) * omega / (p * static_cast<double>(ranks)))));
}

template class Marina<float>;
template class Marina<double>;

}  // namespace pith
