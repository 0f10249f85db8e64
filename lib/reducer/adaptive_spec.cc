// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include <pith/core/arguments.h>
#include <pith/core/error.h>
#include <pith/reducer/adaptive_spec.h>

namespace pith {
namespace {

constexpr int kDensitiesAside = 8;  // of the standard's, on each side
constexpr std::uint64_t kMostRanks = 64;
constexpr std::uint64_t kFewestBits = 2;
constexpr std::uint64_t kMostBits = 8;

bool is_positional(const Argument& argument) { return argument.key.empty(); }

// The standard with another value of the argument at `place`.
Argument with(const Spec& standard, std::size_t place, const std::string& value) {
  Argument candidate{"", standard};
  candidate.value.arguments[place].value = Spec{value, {}};
  return candidate;
}

std::string text(double number) {
  char digits[32];
  std::snprintf(digits, sizeof(digits), "%.4g", number);
  return digits;
}

double number_of(const Argument& argument) {
  const Spec one{argument.key, {argument}};
  return Arguments(one).required_number(argument.key, 0, 1e9);
}

std::vector<std::string> densities(double standard) {
  std::vector<std::string> all;
  for (int i = -kDensitiesAside; i <= kDensitiesAside; ++i) {
    const double density = standard * std::pow(10.0, static_cast<double>(i) / kDensitiesAside);
    if (i != 0 && density <= 1) all.push_back(text(density));
  }
  return all;
}

// Of many, so many evenly spread ones.
std::vector<std::string> whole_numbers(std::uint64_t first, std::uint64_t last,
                                       std::uint64_t standard) {
  std::vector<std::string> all;
  const std::uint64_t apart = (last - first) / kMostRanks + 1;
  for (std::uint64_t i = first; i <= last; i += apart) {
    if (i != standard) all.push_back(std::to_string(i));
  }
  return all;
}

// Values of the argument in place of the standard's; none if it says nothing of how much is kept.
std::vector<std::string> family(const Argument& argument) {
  if (argument.key == "density") return densities(number_of(argument));
  if (argument.key != "rank" && argument.key != "bits") return {};
  const auto standard = static_cast<std::uint64_t>(number_of(argument));
  if (argument.key == "bits") return whole_numbers(kFewestBits, kMostBits, standard);
  return whole_numbers(std::max<std::uint64_t>(1, standard / 4), 4 * standard, standard);
}

}  // namespace

bool is_adaptive(const Pipeline& pipeline) {
  return pipeline.size() == 1 && pipeline.front().name == "adaptive";
}

AdaptiveSpec read_adaptive(const Pipeline& pipeline) {
  AdaptiveSpec adaptive;
  Spec named = pipeline.front();
  for (const Argument& argument : named.arguments) {
    if (is_positional(argument)) adaptive.candidates.push_back({argument.value});
  }
  if (adaptive.candidates.empty()) {
    throw UsageError(named.text() +
                     ": expected a compressor first, as in adaptive(topk(density=0.01))");
  }
  std::erase_if(named.arguments, is_positional);
  Arguments arguments(named);
  adaptive.policy = arguments.spec("policy", "lgreco");
  adaptive.every = arguments.integer("every", 500, 1, 1'000'000'000);
  adaptive.steps =
      arguments.integer("steps", std::min<std::uint64_t>(10, adaptive.every), 1, adaptive.every);
  const bool bytes = arguments.word("objective", "bytes", {"bytes", "time"}) == "bytes";
  adaptive.objective = bytes ? CostUnit::bytes : CostUnit::nanoseconds;
  adaptive.one_in = arguments.integer("one_in", 64, 1, 1'000'000);
  arguments.finish();
  return adaptive;
}

Pipeline with_candidates(const Pipeline& pipeline) {
  const AdaptiveSpec adaptive = read_adaptive(pipeline);
  if (adaptive.candidates.size() > 1) return pipeline;
  Spec all = pipeline.front();
  const Spec& standard = adaptive.candidates.front().front();
  const auto place = std::ranges::find_if(all.arguments, is_positional) - all.arguments.begin();
  std::vector<Argument> candidates;
  for (std::size_t a = 0; a < standard.arguments.size(); ++a) {
    for (const std::string& value : family(standard.arguments[a])) {
      candidates.push_back(with(standard, a, value));
    }
  }
  if (candidates.empty()) {
    throw UsageError(all.text() + ": " + standard.text() +
                     " has no density=, rank= or bits= to vary: list the candidates");
  }
  all.arguments.insert(all.arguments.begin() + place + 1, candidates.begin(), candidates.end());
  return {all};
}

}  // namespace pith
