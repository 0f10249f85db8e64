// SPDX-License-Identifier: Apache-2.0
#include "cases.h"

#include <algorithm>

#include <pith/core/error.h>
#include <pith/reducer/choice.h>

namespace pith::bench {
namespace {

// In the words of the library; shards have one way each, which takes what `sharded` takes.
std::string resolved(Collective collective, const std::string& compressor,
                     const std::string& feedback, const std::string& exchange) {
  Treatment treatment{parse_schedule(compressor), parse_spec(feedback), std::nullopt};
  const bool shards = collective != Collective::all_reduce;
  if (shards) treatment.exchange = Exchange::sharded;
  if (exchange != "auto") treatment.exchange = exchange_named(exchange);
  const Exchange chosen = choose(parse_pipeline(compressor), treatment).exchange;
  if (!shards) return std::string(name_of(chosen));
  return collective == Collective::all_gather ? "gather_shards" : "reduce_shards";
}

void add(Collective collective, const std::string& compressor, const std::string& feedback,
         const std::string& exchange, CrossedCases& cases) try {
  CollectiveCase legal{compressor, feedback, resolved(collective, compressor, feedback, exchange)};
  if (std::ranges::find(cases.legal, legal) == cases.legal.end()) {
    cases.legal.push_back(std::move(legal));
  }
} catch (const UsageError& error) {
  cases.left_out.emplace_back(error.what());
}

}  // namespace

CrossedCases cross(const CollectiveOptions& options) {
  CrossedCases cases;
  for (const std::string& compressor : options.compressors) {
    for (const std::string& feedback : options.feedbacks) {
      for (const std::string& exchange : options.exchanges) {
        add(options.collective, compressor, feedback, exchange, cases);
      }
    }
  }
  return cases;
}

}  // namespace pith::bench
