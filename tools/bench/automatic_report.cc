// SPDX-License-Identifier: Apache-2.0
#include "automatic_report.h"

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "machine.h"
#include "median.h"

namespace pith::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMicro = 1e6;

Json json_of(const SizeResult& result) {
  Json ways = Json::array();
  for (const WayResult& way : result.ways) {
    ways.push_back({{"compressor", way.way.compressor},
                    {"exchange", way.way.exchange},
                    {"predicted_us", kMicro * way.way.predicted_seconds},
                    {"measured_us", kMicro * way.parts},
                    {"step_us", kMicro * way.seconds}});
  }
  return {{"size", result.bytes},
          {"ways", ways},
          {"chosen", result.chosen},
          {"choice_of_best", result.choice()}};
}

}  // namespace

double WayResult::error() const { return std::abs(way.predicted_seconds - parts) / parts; }

double SizeResult::best() const {
  return std::ranges::min_element(ways, {}, &WayResult::seconds)->seconds;
}

double SizeResult::choice() const { return ways[chosen].seconds / best(); }

AutomaticReport::AutomaticReport(const AutomaticOptions& options, int ranks)
    : ranks_(ranks),
      file_(options.json.empty() ? nullptr : std::make_unique<NewFile>(options.json)),
      table_(std::cout, {{"size", "(B)", 11},
                         {"compressor", "", 20},
                         {"exchange", ""},
                         {"predicted", "(us)", 11},
                         {"measured", "(us)", 11},
                         {"error", "(%)"},
                         {"step", "(us)", 11},
                         {"of best", "(x)"},
                         {"chosen", ""}}) {
  table_.comment("pith-bench " PITH_VERSION " auto");
  table_.comment(options.parameters);
  table_.comment(machine() + "; " + std::to_string(ranks) + " ranks " +
                 (options.ranks.local > 0 ? "as threads" : "under MPI"));
  table_.header();
}

void AutomaticReport::add(const SizeResult& result) {
  for (std::size_t w = 0; w < result.ways.size(); ++w) {
    const WayResult& way = result.ways[w];
    errors_.push_back(way.error());
    table_.row({std::to_string(result.bytes), way.way.compressor, way.way.exchange,
                fixed(kMicro * way.way.predicted_seconds, 1), fixed(kMicro * way.parts, 1),
                fixed(100 * way.error(), 1), fixed(kMicro * way.seconds, 1),
                fixed(way.seconds / result.best(), 2), w == result.chosen ? "*" : ""});
  }
  worst_ = std::max(worst_, result.choice());
  results_.push_back(result);
}

void AutomaticReport::finish() {
  const double error = median(errors_);
  table_.comment("median error " + fixed(100 * error, 1) + " %; the choice takes at most " +
                 fixed(worst_, 2) + " of the best way");
  if (!file_) return;
  Json results = Json::array();
  for (const SizeResult& result : results_) results.push_back(json_of(result));
  const Json all{
      {"ranks", ranks_}, {"median_error", error}, {"worst_choice", worst_}, {"results", results}};
  file_->write(all.dump(2));
}

}  // namespace pith::bench
