// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <string>

#include <pith/compressors/registry.h>
#include <pith/core/error.h>
#include <pith/feedback/registry.h>
#include <pith/reducer/adaptive_spec.h>
#include <pith/reducer/ways.h>

namespace pith {
namespace {

// The other ranks decide which entries are kept, so only the noise of these is known.
Guarantee of_kept(const Guarantee& own) {
  Guarantee kept{.ranks = own.ranks};
  if (own.contraction || !own.variance) return kept;
  kept.variance = own.variance;
  kept.bias = 1;
  return kept;
}

// Of what a rule, and that of owners, would amplify: the rule, and what it bears.
struct Unbearable {
  Spec rule;
  double most;
};

std::optional<Unbearable> unbearable(const UnitPlan& unit, const Choice& choice,
                                     const Guarantee& guarantee, Owners owners) {
  if (!guarantee.variance || guarantee.contraction) return std::nullopt;
  std::vector<Spec> rules{unit.treatment.feedback};
  const bool keeps = choice.exchange == Exchange::sharded && owners == Owners::keep_rules;
  if (keeps) rules.push_back(owner_rule(rules.front()));
  for (const Spec& rule : rules) {
    const double most = most_variance(rule, guarantee.bias);
    if (*guarantee.variance >= most) return Unbearable{rule, most};
  }
  return std::nullopt;
}

}  // namespace

Guarantee guarantee_for(const Choice& choice, const UnitPlan& unit) {
  switch (choice.kind) {
    case CompressorKind::message:
      return make_message<float>(choice.pipeline, unit.shape)->guarantee(unit.elements);
    case CompressorKind::sparse:
      return of_kept(
          make_sparse_message<float>(choice.pipeline, unit.shape)->guarantee(unit.elements));
    case CompressorKind::linear:
      return make_linear<float>(choice.pipeline, unit.shape)->guarantee();
    case CompressorKind::none:
      break;
  }
  return kNothingLost;
}

void check_noise(const UnitPlan& unit, const Choice& choice, const Guarantee& guarantee,
                 Owners owners) {
  const auto found = unbearable(unit, choice, guarantee, owners);
  if (!found) return;
  throw UsageError(unit.name + ": " + choice.text() + " has a variance of " +
                   std::to_string(*guarantee.variance) + " and contracts nothing, so feedback " +
                   found->rule.text() + ", which bears less than " + std::to_string(found->most) +
                   ", would diverge; use none, or ef_bv where owners keep nothing");
}

std::vector<Choice> ways_of(const UnitPlan& unit, const Pipeline& pipeline, Owners owners) {
  std::vector<Choice> all = choices(pipeline, unit.treatment);
  const bool adaptive = is_adaptive(pipeline);
  if (!unit.treatment.any_exchange && !adaptive) return all;
  const auto borne = [&](const Choice& choice) {
    return !unbearable(unit, choice, guarantee_for(choice, unit), owners);
  };
  if (adaptive) {
    const Choice standard = all.front();
    std::erase_if(all, [&](const Choice& one) { return one != standard && !borne(one); });
    return all;
  }
  const std::vector<Choice> before = all;
  std::erase_if(all, [&](const Choice& choice) {
    return !borne(choice) && std::ranges::any_of(before, [&](const Choice& other) {
      return other.pipeline == choice.pipeline && borne(other);
    });
  });
  return all;
}

}  // namespace pith
