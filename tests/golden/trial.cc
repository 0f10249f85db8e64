// SPDX-License-Identifier: Apache-2.0
#include "golden/trial.h"

#include <algorithm>
#include <map>

#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/core/random.h>
#include <pith/feedback/registry.h>

namespace pith::test {
namespace {

struct Composition {
  const char* compressor;
  const char* exchange;
};

constexpr Composition kCompositions[] = {
    {"topk(density=0.01)", "gather"},
    {"topk(density=0.05,values=fp16)", "gather"},
    {"topk(density=0.1)|quantize(bits=4)", "gather"},
    {"topk(density=0.1)|quantize(bits=4)", "sharded"},
    {"threshold(value=0.3)", "gather"},  // low enough for a momentum, too
    {"threshold(value=0.3)", "sharded"},
    {"threshold(value=0.5)|onebit", "gather"},
    {"fedzip(density=1)", "gather"},
    {"fedzip(density=1,encoding=table)", "sharded"},
    {"randomk(density=0.1)|cast(bf16)", "linear"},
};

Shape shape() { return {11, 7}; }

/// Normal numbers; drawing new ones for every tensor and step would take most of the tests' time.
const std::vector<double>& pool() {
  static const std::vector<double> numbers = [] {
    std::vector<double> drawn(10'000);
    const Random random({});
    for (std::size_t i = 0; i < drawn.size(); ++i) drawn[i] = random.normal(i);
    return drawn;
  }();
  return numbers;
}

// Where in the pool the numbers of a tensor begin.
std::size_t position(std::size_t tensor, std::uint64_t step, std::size_t rank) {
  const Random random({.tensor = tensor, .step = step, .rank = static_cast<std::uint32_t>(rank)});
  return random.below(pool().size() - shape().elements(), 0);
}

ReducerOptions with_rules(ReducerOptions options, const std::vector<LegalCase>& cases) {
  set_log_level(LogLevel::none);  // advice on rules that are only here to be tested
  for (std::size_t i = 0; i < cases.size(); ++i) {
    TensorRule rule = options_for(cases[i]).rules.front();
    rule.pattern = std::to_string(i) + ":*";
    options.rules.push_back(rule);
  }
  return options;
}

}  // namespace

std::vector<LegalCase> all_cases() {
  std::vector<LegalCase> cases = legal_cases();
  for (const FeedbackEntry& rule : feedback_rules()) {
    if (is_variation(rule.name)) continue;
    for (const auto& [compressor, exchange] : kCompositions) {
      cases.push_back({compressor, exchange, std::string(rule.name)});
    }
  }
  return cases;
}

std::vector<LegalCase> cases_with(std::string_view feedback) {
  std::vector<LegalCase> cases = all_cases();
  std::erase_if(cases, [&](const LegalCase& legal) { return legal.feedback != feedback; });
  return cases;
}

std::string name_of(const LegalCase& legal) {
  return legal.compressor + " " + legal.exchange + " " + legal.feedback;
}

bool rounds_the_mean(const LegalCase& legal) {
  const bool averages = legal.exchange == "raw" || legal.exchange == "linear";
  return averages && legal.compressor.find("cast(") != std::string::npos;
}

std::vector<std::string> states_of(const LegalCase& legal) {
  static const std::map<std::string, std::vector<std::string>> kStates{
      {"none", {}},
      {"ef14", {"residual"}},
      {"ef21", {"own", "mean"}},
      {"ef21_sgdm", {"momentum", "own", "mean"}},
      {"ef21_sgd2m", {"momentum", "second_momentum", "own", "mean"}},
      {"ef21_hb", {"own", "mean", "velocity"}},
      {"clip21", {"own", "mean"}},
      {"econtrol", {"error", "own", "mean"}},
      {"d_ec", {"error", "own", "mean"}},
      {"dgc", {"momentum", "residual"}},
      {"ef_bv", {"own", "mean"}}};
  const bool left_out = legal.compressor == "none" && feedback_rule(legal.feedback).exact_is_mean;
  if (left_out) return {};
  auto names = kStates.at(legal.feedback);
  if (legal.exchange == "sharded" && legal.feedback != "none") {
    names.emplace_back("owner_residual");
    if (feedback_rule(legal.feedback).messages > 1) names.emplace_back("second_owner_residual");
  }
  return names;
}

bool is_lossless(const LegalCase& legal) {
  return legal.compressor == "none" || legal.compressor == "identity";
}

template <Element T>
Trial<T>::Trial(Communicator& communicator, const std::vector<LegalCase>& cases,
                ReducerOptions options)
    : rank_(static_cast<std::size_t>(communicator.rank())),
      cases_(cases),
      reducer_(communicator, with_rules(std::move(options), cases)),
      tensors_(cases.size(), std::vector<T>(shape().elements())) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    names_.push_back(std::to_string(i) + ":" + name_of(cases[i]));
    reducer_.add(names_[i], shape(), element_type<T>);
  }
}

template <Element T>
void Trial<T>::draw(std::uint64_t step) {
  for (std::size_t i = 0; i < size(); ++i) {
    const std::size_t first = position(i, step, rank_);
    for (std::size_t j = 0; j < tensors_[i].size(); ++j) {
      tensors_[i][j] = static_cast<T>(pool()[first + j]);
    }
  }
}

template <Element T>
StepResult Trial<T>::exchange(const StepOptions& step) {
  for (std::size_t i = 0; i < size(); ++i) reducer_.push(names_[i], tensors_[i]);
  return reducer_.wait(step);
}

template <Element T>
std::vector<T> Trial<T>::state(std::size_t number, const std::string& name) {
  const std::string full = names_[number] + "/" + name;
  const auto states = reducer_.states<T>();
  const auto found = std::ranges::find(states, full, &StateView<T>::name);
  if (found == states.end()) throw UsageError("no state " + full);
  std::vector<T> whole(shape().elements());
  std::ranges::copy(found->values, whole.begin() + static_cast<std::ptrdiff_t>(found->first));
  return whole;
}

template <Element T>
std::vector<T> Trial<T>::state_or_zeros(std::size_t number, const std::string& name) {
  const auto names = states_of(cases_[number]);
  if (std::ranges::find(names, name) != names.end()) return state(number, name);
  return std::vector<T>(shape().elements());
}

template <Element T>
std::vector<T> Trial<T>::states(std::optional<Scope> scope) {
  std::vector<T> all;
  for (const StateView<T>& state : reducer_.states<T>()) {
    if (scope && state.scope != *scope) continue;
    all.insert(all.end(), state.values.begin(), state.values.end());
  }
  return all;
}

template <Element T>
void Trial<T>::take_states_of(Trial& other) {
  const auto to = reducer_.states<T>();
  const auto from = other.reducer_.template states<T>();
  if (to.size() != from.size()) throw UsageError("the trials have different states");
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i].name != from[i].name) throw UsageError("no state " + from[i].name);
    std::ranges::copy(from[i].values, to[i].values.begin());
  }
}

template class Trial<float>;
template class Trial<double>;

}  // namespace pith::test
