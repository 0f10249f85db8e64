// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/adaptive/accordion.h>
#include <pith/adaptive/global_topk.h>
#include <pith/adaptive/kimad.h>
#include <pith/adaptive/lgreco.h>
#include <pith/adaptive/registry.h>
#include <pith/adaptive/table.h>
#include <pith/adaptive/uniform.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

using Maker = std::unique_ptr<Policy> (*)(Arguments&, std::span<const std::string>);

constexpr PolicyEntry kPolicies[] = {
    {"uniform", "uniform(topk(density=0.01))", "-"},
    {"lgreco", "lgreco(norm=squared,levels=10000,alpha=1,budget=uniform)",
     "Alimohammadi, Markov, Frantar, Alistarh 2023"},
    {"accordion", "accordion(eta=0.5,low=cheapest,high=standard)",
     "Agarwal, Wang, Lee, Venkataraman, Papailiopoulos 2021"},
    {"global_topk", "global_topk(budget=uniform)", "-"},
    {"kimad", "kimad(seconds=0.1)", "Xin, Ilin, Zhang, Canini, Richtarik 2023"},
    {"table", "table(layers.txt)", "-"},
};

constexpr Maker kMakers[] = {make_uniform,     make_lgreco, make_accordion,
                             make_global_topk, make_kimad,  make_table};
static_assert(std::size(kPolicies) == std::size(kMakers));

std::vector<std::string> known() {
  std::vector<std::string> all;
  for (const PolicyEntry& entry : kPolicies) all.emplace_back(entry.name);
  return all;
}

}  // namespace

std::span<const PolicyEntry> policies() { return kPolicies; }

std::unique_ptr<Policy> make_policy(const Spec& spec, std::span<const std::string> names) {
  const auto found = std::ranges::find(kPolicies, spec.name, &PolicyEntry::name);
  if (found == std::end(kPolicies)) throw UsageError(unknown_name("policy", spec.name, known()));
  Arguments arguments(spec);
  auto policy = kMakers[found - kPolicies](arguments, names);
  arguments.finish();
  return policy;
}

}  // namespace pith
