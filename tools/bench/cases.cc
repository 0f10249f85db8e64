// SPDX-License-Identifier: Apache-2.0
#include "cases.h"

#include <algorithm>

#include <pith/core/error.h>
#include <pith/reducer/choice.h>

namespace pith::bench {
namespace {

// As it was typed if it is chosen while it runs.
std::string resolved(const std::string& compressor, const std::string& feedback,
                     const std::string& exchange) {
  const Treatment treatment = parse_treatment(compressor, feedback, exchange);
  const auto ways = choices(treatment.compressor.front().pipeline, treatment);
  return ways.size() > 1 ? exchange : std::string(name_of(ways.front().exchange));
}

void add(const std::string& compressor, const std::string& feedback, const std::string& exchange,
         CrossedCases& cases) try {
  CollectiveCase legal{compressor, feedback, resolved(compressor, feedback, exchange)};
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
        add(compressor, feedback, exchange, cases);
      }
    }
  }
  return cases;
}

}  // namespace pith::bench
