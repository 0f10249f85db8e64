// SPDX-License-Identifier: Apache-2.0
#include "golden/ways.h"

#include <algorithm>

#include <pith/compressors/registry.h>
#include <pith/core/log.h>
#include <pith/core/random.h>

namespace pith::test {
namespace {

constexpr const char* kMoreSpecs[] = {
    "topk(density=0.05,values=bf16)", "topk(density=0.1)|quantize(bits=4)",
    "quantize(bits=8,range=qsgd,bucket=16)", "randomk(density=0.1)|cast(bf16)",
    "lowrank(rank=2)|cast(fp16)"};

std::vector<std::string> specs() {
  std::vector<std::string> all(std::begin(kMoreSpecs), std::end(kMoreSpecs));
  for (const CompressorEntry& entry : compressors()) all.emplace_back(entry.example);
  return all;
}

bool fits(const Combination& row, const std::string& spec) {
  const CompressorEntry& first = compressor(parse_pipeline(spec).front().name);
  if (row.exchange == Exchange::raw) return spec.starts_with("cast");
  return row.kind == CompressorKind::message ? first.message : first.linear;
}

bool casts(const std::string& compressor) { return compressor.find("cast(") != std::string::npos; }

std::size_t position(std::size_t way, std::uint64_t step, std::size_t rank, std::size_t bound) {
  const Random random({.tensor = way, .step = step, .rank = static_cast<std::uint32_t>(rank)});
  return random.below(bound, 0);
}

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

ReducerOptions with_rules(ReducerOptions options, const std::vector<Way>& ways) {
  set_log_level(LogLevel::none);  // advice on rules that are only here to be tested
  for (std::size_t w = 0; w < ways.size(); ++w) {
    TensorRule rule;
    rule.pattern = std::to_string(w) + ":*";
    rule.compressor = ways[w].compressor;
    rule.exchange = ways[w].exchange;
    rule.feedback = ways[w].feedback;
    options.rules.push_back(rule);
  }
  return options;
}

}  // namespace

std::vector<Way> legal_ways() {
  std::vector<Way> ways;
  for (const Combination& row : legal_combinations()) {
    const std::string exchange(name_of(row.exchange));
    const std::string feedback(row.feedback);
    if (row.kind == CompressorKind::none) {
      ways.push_back({"none", exchange, feedback});
      continue;
    }
    for (const std::string& spec : specs()) {
      if (fits(row, spec)) ways.push_back({spec, exchange, feedback});
    }
  }
  return ways;
}

std::vector<Way> ways_with(std::string_view feedback) {
  std::vector<Way> ways = legal_ways();
  std::erase_if(ways, [&](const Way& way) { return way.feedback != feedback; });
  return ways;
}

bool rounds_the_mean(const Way& way) {
  return casts(way.compressor) && (way.exchange == "raw" || way.exchange == "linear");
}

template <Element T>
Trial<T>::Trial(Communicator& communicator, const std::vector<Way>& ways, ReducerOptions options)
    : rank_(static_cast<std::size_t>(communicator.rank())),
      reducer_(communicator, with_rules(std::move(options), ways)),
      tensors_(ways.size(), std::vector<T>(shape().elements())) {
  for (std::size_t w = 0; w < ways.size(); ++w) {
    names_.push_back(std::to_string(w) + ":" + ways[w].name());
    reducer_.add(names_[w], shape(), element_type<T>);
  }
}

template <Element T>
void Trial<T>::draw(std::uint64_t step) {
  for (std::size_t w = 0; w < size(); ++w) {
    auto& tensor = tensors_[w];
    const std::size_t first = position(w, step, rank_, pool().size() - tensor.size());
    for (std::size_t j = 0; j < tensor.size(); ++j) tensor[j] = static_cast<T>(pool()[first + j]);
  }
}

template <Element T>
StepResult Trial<T>::exchange(const StepOptions& step) {
  for (std::size_t w = 0; w < size(); ++w) reducer_.push(names_[w], tensors_[w]);
  return reducer_.wait(step);
}

template <Element T>
std::vector<T> Trial<T>::state(std::size_t way, const std::string& name) {
  std::vector<T> whole(shape().elements());
  for (const StateView<T>& state : reducer_.states<T>()) {
    if (state.name != names_[way] + "/" + name) continue;
    std::ranges::copy(state.values, whole.begin() + static_cast<std::ptrdiff_t>(state.first));
  }
  return whole;
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

template class Trial<float>;
template class Trial<double>;

}  // namespace pith::test
