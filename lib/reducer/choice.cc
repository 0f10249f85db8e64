// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <pith/compressors/registry.h>
#include <pith/core/error.h>
#include <pith/reducer/adaptive_spec.h>
#include <pith/reducer/choice.h>

namespace pith {
namespace {

constexpr std::size_t kMostWays = 255;  // their numbers travel as a byte

bool is(const Pipeline& pipeline, std::string_view name) {
  return pipeline.size() == 1 && pipeline.front().name == name;
}

Exchange natural_exchange(const Pipeline& pipeline) {
  if (is(pipeline, "none") || is(pipeline, "cast")) return Exchange::raw;
  const CompressorEntry& entry = compressor(pipeline.front().name);
  if (!entry.message) return Exchange::linear;
  return entry.sparse ? Exchange::gather : Exchange::sharded;
}

CompressorKind kind_for(const Pipeline& pipeline, Exchange exchange) {
  if (is(pipeline, "none")) return CompressorKind::none;
  if (exchange == Exchange::sparse) return CompressorKind::sparse;
  const bool linear = exchange == Exchange::linear || exchange == Exchange::raw;
  return linear ? CompressorKind::linear : CompressorKind::message;
}

bool fits(const Pipeline& pipeline, CompressorKind kind) {
  if (kind == CompressorKind::sparse) return is_sparse(pipeline);
  const CompressorEntry& entry = compressor(pipeline.front().name);
  return kind == CompressorKind::linear ? entry.linear : entry.message;
}

// What is wrong with a choice, or nothing.
std::string problem(const Choice& choice, const std::string& feedback) {
  if (!find_combination(choice.kind, choice.exchange, feedback)) {
    return "not a legal combination (with feedback " + feedback + ")";
  }
  if (choice.kind == CompressorKind::none) return {};
  if (choice.exchange == Exchange::raw && !is(choice.pipeline, "cast")) {
    return "raw carries none and cast only";
  }
  if (fits(choice.pipeline, choice.kind)) return {};
  return "it is not a " + std::string(name_of(choice.kind)) + " compressor";
}

Choice through(const Pipeline& pipeline, Exchange exchange) {
  // Uncompressed steps of a schedule are raw whatever carries the others.
  const Exchange used = is(pipeline, "none") ? Exchange::raw : exchange;
  return {pipeline, kind_for(pipeline, used), used};
}

void append_every_exchange(const Pipeline& pipeline, const Treatment& treatment,
                           std::vector<Choice>& all) {
  choose(pipeline, treatment);  // throws if the pipeline is not known
  for (const Exchange exchange : exchanges()) {
    const Choice choice = through(pipeline, exchange);
    const bool raw_already = is(pipeline, "cast") && exchange == Exchange::linear;
    if (raw_already || !problem(choice, treatment.feedback.name).empty()) continue;
    all.push_back(choice);
  }
}

}  // namespace

std::string Choice::text() const {
  return text_of(pipeline) + " over " + std::string(name_of(exchange));
}

Choice choose(const Pipeline& pipeline, const Treatment& treatment) {
  const Exchange exchange = treatment.exchange.value_or(natural_exchange(pipeline));
  const Choice choice = through(pipeline, exchange);
  const std::string wrong = problem(choice, treatment.feedback.name);
  if (wrong.empty()) return choice;
  throw UsageError(text_of(pipeline) + " over the " + std::string(name_of(choice.exchange)) +
                   " exchange: " + wrong);
}

std::vector<Pipeline> listed(const Pipeline& pipeline) {
  if (is_adaptive(pipeline)) return read_adaptive(pipeline).candidates;
  if (!is(pipeline, "auto")) return {pipeline};
  std::vector<Pipeline> all;
  for (const Argument& argument : pipeline.front().arguments) {
    if (!argument.key.empty()) {
      throw UsageError(text_of(pipeline) + ": auto takes compressors, not " + argument.key + "=");
    }
    all.push_back({argument.value});
  }
  if (all.empty()) {
    throw UsageError("auto: expected compressors, as in auto(topk(density=0.01),onebit)");
  }
  return all;
}

std::vector<Choice> choices(const Pipeline& pipeline, const Treatment& treatment) {
  const bool adaptive = is_adaptive(pipeline);
  if (adaptive && treatment.any_exchange) {
    throw UsageError(text_of(pipeline) + ": adaptive chooses compressors, so exchange=auto cannot");
  }
  const bool open = is(pipeline, "auto") || adaptive || treatment.any_exchange;
  if (!open) return {choose(pipeline, treatment)};
  std::vector<Choice> all;
  if (!adaptive) all.push_back(Choice{});
  for (const Pipeline& one : listed(pipeline)) {
    if (is(one, "none") && !adaptive) continue;
    if (treatment.any_exchange) {
      append_every_exchange(one, treatment, all);
    } else {
      all.push_back(choose(one, treatment));
    }
  }
  if (all.size() > kMostWays) {
    throw UsageError(pipeline.front().name + ": " + std::to_string(all.size()) +
                     " ways, at most 255 expected");
  }
  return all;
}

}  // namespace pith
