// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <sstream>

#include <pith/core/error.h>
#include <pith/core/hash.h>
#include <pith/core/spec.h>
#include <pith/core/vector.h>
#include <pith/optim/checked.h>
#include <pith/optim/controlled_averaging.h>
#include <pith/optim/must_be.h>
#include <pith/optim/push_computed.h>
#include <pith/optim/sample.h>

namespace pith {
namespace {

constexpr const char* kTensor = "x";

std::string text_of(const ControlledAveragingOptions& options) {
  std::ostringstream out;
  out.precision(17);
  out << "local_steps=" << options.local_steps << "\nlocal_rate=" << options.local_rate
      << "\nglobal_rate=" << options.global_rate << "\nparticipants=" << options.participants
      << "\nseed=" << options.seed << '\n';
  return out.str();
}

// In some step, or as one of a choice.
bool sends_uncompressed(const std::string& schedule) {
  const auto is_none = [](const Spec& stage) {
    const auto chooses_none = [](const Argument& argument) {
      return argument.key.empty() && argument.value.name == "none";
    };
    return stage.name == "none" || std::ranges::any_of(stage.arguments, chooses_none);
  };
  return std::ranges::any_of(parse_schedule(schedule), [&](const ScheduledPipeline& entry) {
    return std::ranges::any_of(entry.pipeline, is_none);
  });
}

template <Element T>
std::string mistake_of(const ControlledAveragingOptions& options, int ranks) {
  if (options.local_steps == 0) return must_be("local_steps", 0, "1 or more");
  const auto is_rate = [](double rate) {
    return static_cast<T>(rate) > 0 && std::isfinite(static_cast<T>(rate));
  };
  if (!is_rate(options.local_rate)) {
    return must_be<T>("local_rate", options.local_rate, "above 0");
  }
  if (!is_rate(options.global_rate)) {
    return must_be<T>("global_rate", options.global_rate, "above 0");
  }
  if (options.participants < 0 || options.participants > ranks) {
    return must_be("participants", options.participants,
                   "from 1 to " + std::to_string(ranks) + " ranks, or 0 for all");
  }
  try {
    if (!sends_uncompressed(options.compressor)) return {};
  } catch (const UsageError& error) {
    return error.what();
  }
  return "compressor=" + options.compressor +
         ": what travels uncompressed keeps no control variates; use identity";
}

// By a rule of the tensor, which no environment variable beats: another feedback is another method.
ReducerOptions reducer_options(const ControlledAveragingOptions& options,
                               const std::string& feedback) {
  ReducerOptions reducer;
  reducer.seed = options.seed;
  reducer.rules = {
      {.compressor = options.compressor, .feedback = feedback, .exchange = options.exchange}};
  return reducer;
}

}  // namespace

template <Element T>
ControlledAveraging<T>::ControlledAveraging(Communicator& communicator, const Shape& shape,
                                            const ControlledAveragingOptions& options,
                                            const std::string& feedback, const std::string& mistake)
    : communicator_(checked(communicator,
                            mistake.empty() ? mistake_of<T>(options, communicator.size()) : mistake,
                            text_of(options))),
      options_(options),
      participants_(options.participants == 0 ? communicator.size() : options.participants),
      reducer_(communicator, reducer_options(options, feedback)),
      local_(shape.elements()),
      gradient_(local_.size()),
      message_(local_.size()),
      before_(local_.size()) {
  reducer_.add(kTensor, shape, element_type<T>);
}

template <Element T>
StepResult ControlledAveraging<T>::round(std::span<T> x, const Gradient& gradient) {
  const Controls controls = this->controls();
  copy(controls.mean, std::span<T>(before_));
  const std::span<T> message(message_);
  const bool fits = x.size() == message.size();
  if (!fits) {
    reducer_.fail("round: x has " + std::to_string(x.size()) + " elements, not " +
                  std::to_string(message.size()));
  }
  if (fits && takes_part()) {
    push_computed(reducer_, kTensor, message, [&] { take_local_steps(x, gradient, controls); });
  } else {
    reducer_.skip(kTensor, message);
  }
  const StepResult result = reducer_.wait();
  if (!result.committed) return result;
  move(x);
  ++rounds_;
  return result;
}

template <Element T>
typename ControlledAveraging<T>::Controls ControlledAveraging<T>::controls() {
  const auto states = reducer_.states<T>();
  const auto values = [&](const std::string& name) -> std::span<const T> {
    const auto found = std::ranges::find(states, kTensor + ("/" + name), &StateView<T>::name);
    // Missing or in part: a schedule, or the environment's node stage, has it elsewhere.
    if (found == states.end() || found->values.size() != message_.size()) {
      throw UsageError("round: no control variate \"" + name + "\" of all elements on each rank");
    }
    return found->values;
  };
  return {values("own"), values("mean")};
}

template <Element T>
std::vector<StateView<T>> ControlledAveraging<T>::states() {
  auto all = reducer_.states<T>();
  all.push_back({.name = "x/rounds",
                 .scope = Scope::replicated,
                 .values = std::span(&rounds_, 1),
                 .per_element = false});
  return all;
}

template <Element T>
bool ControlledAveraging<T>::takes_part() const {
  const RandomKey key{.seed = options_.seed, .tensor = hash("participants"), .step = rounds()};
  const auto sampled = sample_ranks(communicator_.size(), participants_, key);
  return sampled[static_cast<std::size_t>(communicator_.rank())];
}

template <Element T>
void ControlledAveraging<T>::take_local_steps(std::span<const T> x, const Gradient& gradient,
                                              const Controls& controls) {
  const std::span<T> y(local_);
  const std::span<T> g(gradient_);
  const std::span<T> sum(message_);
  const auto rate = static_cast<T>(options_.local_rate);
  copy(x, y);
  std::ranges::fill(sum, T(0));
  for (std::size_t k = 0; k < options_.local_steps; ++k) {
    gradient(y, g);
    axpy(T(1), std::span<const T>(g), sum);
    for (std::size_t j = 0; j < y.size(); ++j) {
      y[j] -= rate * (g[j] - controls.own[j] + controls.mean[j]);
    }
  }
  divide(sum, static_cast<T>(options_.local_steps));
  compose(controls.own, sum);
}

// The mean of what was sent, over those that sent, is N / S times what c has moved by.
template <Element T>
void ControlledAveraging<T>::move(std::span<T> x) const {
  const double steps = static_cast<double>(options_.local_steps);
  const auto rate = static_cast<T>(options_.global_rate * options_.local_rate * steps);
  const T scale = static_cast<T>(communicator_.size()) / static_cast<T>(participants_);
  for (std::size_t j = 0; j < x.size(); ++j) {
    x[j] -= rate * (before_[j] + scale * (message_[j] - before_[j]));
  }
}

template class ControlledAveraging<float>;
template class ControlledAveraging<double>;

}  // namespace pith
