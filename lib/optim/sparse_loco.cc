// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <sstream>

#include <pith/core/vector.h>
#include <pith/optim/checked.h>
#include <pith/optim/must_be.h>
#include <pith/optim/push_computed.h>
#include <pith/optim/sparse_loco.h>
#include <pith/optim/with_rule.h>

namespace pith {
namespace {

constexpr const char* kTensor = "x";

std::string text_of(const SparseLocoOptions& options) {
  std::ostringstream out;
  out.precision(17);
  out << "error_decay=" << options.error_decay << "\nouter_rate=" << options.outer_rate
      << "\nouter_momentum=" << options.outer_momentum << "\nseed=" << options.seed << '\n';
  return out.str();
}

template <Element T>
std::string mistake_of(const SparseLocoOptions& options) {
  const auto decay = static_cast<T>(options.error_decay);
  if (!(decay > 0 && options.error_decay <= 1)) {
    return must_be<T>("error_decay", options.error_decay, "above 0, at most 1");
  }
  const auto rate = static_cast<T>(options.outer_rate);
  if (!(rate > 0 && std::isfinite(rate))) {
    return must_be<T>("outer_rate", options.outer_rate, "above 0");
  }
  if (!(options.outer_momentum >= 0 && static_cast<T>(options.outer_momentum) < 1)) {
    return must_be<T>("outer_momentum", options.outer_momentum, "from 0, below 1");
  }
  return {};
}

ReducerOptions reducer_options(const SparseLocoOptions& options) {
  std::ostringstream feedback;
  feedback.precision(17);
  feedback << "ef14(rescale=false,decay=" << options.error_decay << ')';
  return with_rule(
      {.compressor = options.compressor, .feedback = feedback.str(), .exchange = options.exchange},
      options.seed);
}

}  // namespace

template <Element T>
SparseLoco<T>::SparseLoco(Communicator& communicator, const Shape& shape,
                          const SparseLocoOptions& options)
    : options_(options),
      reducer_(checked(communicator, mistake_of<T>(options), text_of(options)),
               reducer_options(options)),
      message_(shape.elements()),
      momentum_(options.outer_momentum > 0 ? shape.elements() : 0) {
  reducer_.add(kTensor, shape, element_type<T>);
}

template <Element T>
StepResult SparseLoco<T>::round(std::span<T> x, const Train& train) {
  const std::span<T> message(message_);
  if (x.size() == message.size()) {
    push_computed(reducer_, kTensor, message, [&] {
      copy(std::span<const T>(x), message);
      train(message);
      for (std::size_t j = 0; j < x.size(); ++j) message[j] = x[j] - message[j];
    });
  } else {
    reducer_.fail("round: x has " + std::to_string(x.size()) + " elements, not " +
                  std::to_string(message.size()));
    reducer_.skip(kTensor, message);
  }
  const StepResult result = reducer_.wait();
  if (!result.committed) return result;
  if (!stays_finite(x)) return {false, "round: x would not be finite"};
  move(x);
  return result;
}

// On all ranks or on none: what they know is the same. With momentum x is not if b is not.
template <Element T>
bool SparseLoco<T>::stays_finite(std::span<const T> x) const {
  const auto rate = static_cast<T>(options_.outer_rate);
  const auto momentum = static_cast<T>(options_.outer_momentum);
  for (std::size_t j = 0; j < x.size(); ++j) {
    const T d = message_[j];
    const T step = momentum_.empty() ? d : d + momentum * (momentum * momentum_[j] + d);
    if (!std::isfinite(x[j] - rate * step)) return false;
  }
  return true;
}

template <Element T>
void SparseLoco<T>::move(std::span<T> x) {
  const auto rate = static_cast<T>(options_.outer_rate);
  const auto momentum = static_cast<T>(options_.outer_momentum);
  for (std::size_t j = 0; j < momentum_.size(); ++j) {
    momentum_[j] = momentum * momentum_[j] + message_[j];
    message_[j] += momentum * momentum_[j];
  }
  axpy(-rate, std::span<const T>(message_), x);
}

template <Element T>
std::vector<StateView<T>> SparseLoco<T>::states() {
  auto all = reducer_.states<T>();
  if (momentum_.empty()) return all;
  all.push_back(
      {.name = "x/momentum", .scope = Scope::replicated, .values = std::span<T>(momentum_)});
  return all;
}

template class SparseLoco<float>;
template class SparseLoco<double>;

}  // namespace pith
