// SPDX-License-Identifier: Apache-2.0
#include "cases.h"

#include <algorithm>

#include <pith/core/error.h>
#include <pith/reducer/choice.h>

namespace pith::bench {
namespace {

// In the words of the library, or as it was typed if it is chosen while it runs; shards have one
// way each, which takes what `sharded` takes.
std::string resolved(Collective collective, const std::string& compressor,
                     const std::string& feedback, const std::string& exchange) {
  const bool shards = collective != Collective::all_reduce;
  const Treatment treatment = parse_treatment(compressor, feedback, shards ? "sharded" : exchange);
  const auto ways = choices(treatment.compressor.front().pipeline, treatment);
  if (!shards) return ways.size() > 1 ? exchange : std::string(name_of(ways.front().exchange));
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
