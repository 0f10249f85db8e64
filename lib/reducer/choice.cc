// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <pith/compressors/registry.h>
#include <pith/core/error.h>
#include <pith/reducer/choice.h>

namespace pith {
namespace {

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

std::string illegal(const Pipeline& pipeline, Exchange exchange, const std::string& why) {
  return text_of(pipeline) + " over the " + std::string(name_of(exchange)) + " exchange: " + why;
}

bool fits(const Pipeline& pipeline, CompressorKind kind) {
  if (kind == CompressorKind::sparse) return is_sparse(pipeline);
  const CompressorEntry& entry = compressor(pipeline.front().name);
  return kind == CompressorKind::linear ? entry.linear : entry.message;
}

void check(const Pipeline& pipeline, const Choice& choice, const std::string& feedback) {
  if (!find_combination(choice.kind, choice.exchange, feedback)) {
    throw UsageError(illegal(pipeline, choice.exchange,
                             "not a legal combination (with feedback " + feedback + ")"));
  }
  if (choice.kind == CompressorKind::none) return;
  if (choice.exchange == Exchange::raw && !is(pipeline, "cast")) {
    throw UsageError(illegal(pipeline, choice.exchange, "raw carries none and cast only"));
  }
  if (!fits(pipeline, choice.kind)) {
    throw UsageError(illegal(pipeline, choice.exchange,
                             "it is not a " + std::string(name_of(choice.kind)) + " compressor"));
  }
}

}  // namespace

Choice choose(const Pipeline& pipeline, const Treatment& treatment) {
  const Exchange exchange = treatment.exchange.value_or(natural_exchange(pipeline));
  // Uncompressed steps of a schedule are raw whatever carries the others.
  const Exchange used = is(pipeline, "none") ? Exchange::raw : exchange;
  const Choice choice{pipeline, kind_for(pipeline, used), used};
  check(pipeline, choice, treatment.feedback.name);
  return choice;
}

}  // namespace pith
