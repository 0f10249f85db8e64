// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <pith/collectives/legal.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

constexpr std::array kExchanges{Exchange::raw, Exchange::gather, Exchange::sharded,
                                Exchange::sparse, Exchange::linear};
constexpr std::string_view kExchangeNames[] = {"raw", "gather", "sharded", "sparse", "linear"};
constexpr std::string_view kKindNames[] = {"none", "message", "sparse", "linear"};

struct Carrier {
  CompressorKind kind;
  Exchange exchange;
};

// linear over raw is a cast: the raw collective in 16 bit.
constexpr Carrier kCarriers[] = {
    {CompressorKind::none, Exchange::raw},       {CompressorKind::linear, Exchange::raw},
    {CompressorKind::message, Exchange::gather}, {CompressorKind::message, Exchange::sharded},
    {CompressorKind::sparse, Exchange::sparse},  {CompressorKind::linear, Exchange::linear},
};

constexpr std::string_view kRules[] = {"none",       "ef14",    "ef21",   "ef21_sgdm",
                                       "ef21_sgd2m", "ef21_hb", "clip21", "econtrol",
                                       "d_ec",       "dgc",     "ef_bv"};

constexpr auto kLegal = [] {
  std::array<Combination, std::size(kCarriers) * std::size(kRules)> table{};
  std::size_t row = 0;
  for (const Carrier& carrier : kCarriers) {
    for (const std::string_view rule : kRules) {
      table[row++] = {carrier.kind, carrier.exchange, rule};
    }
  }
  return table;
}();

}  // namespace

std::span<const Exchange> exchanges() { return kExchanges; }

std::string_view name_of(Exchange exchange) {
  return kExchangeNames[static_cast<std::size_t>(exchange)];
}

std::string_view name_of(CompressorKind kind) { return kKindNames[static_cast<std::size_t>(kind)]; }

Exchange exchange_named(std::string_view name) {
  const auto found = std::ranges::find(kExchangeNames, name);
  if (found == std::end(kExchangeNames)) {
    std::vector<std::string> known{"natural", "auto"};
    known.insert(known.end(), std::begin(kExchangeNames), std::end(kExchangeNames));
    throw UsageError(unknown_name("exchange", name, known));
  }
  return kExchanges[static_cast<std::size_t>(found - std::begin(kExchangeNames))];
}

std::span<const Combination> legal_combinations() { return kLegal; }

const Combination* find_combination(CompressorKind kind, Exchange exchange,
                                    std::string_view feedback) {
  const auto found = std::ranges::find_if(kLegal, [&](const Combination& row) {
    return row.kind == kind && row.exchange == exchange && row.feedback == feedback;
  });
  return found == kLegal.end() ? nullptr : &*found;
}

}  // namespace pith
