// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <optional>

#include <pith/core/arguments.h>
#include <pith/core/error.h>
#include <pith/feedback/clip21.h>
#include <pith/feedback/d_ec.h>
#include <pith/feedback/dgc.h>
#include <pith/feedback/econtrol.h>
#include <pith/feedback/ef14.h>
#include <pith/feedback/ef21.h>
#include <pith/feedback/ef21_hb.h>
#include <pith/feedback/ef21_sgdm.h>
#include <pith/feedback/ef_bv.h>
#include <pith/feedback/narrow_ef14.h>
#include <pith/feedback/none.h>
#include <pith/feedback/registry.h>

namespace pith {
namespace {

template <Element T>
using Made = std::unique_ptr<Feedback<T>>;

constexpr double kBelowOne = 0.999999;  // nothing would ever be forgotten at 1

double momentum_of(Arguments& arguments) {
  return arguments.optional_number("momentum", 0, kBelowOne).value_or(0.9);
}

bool is_set(Arguments& arguments, std::string_view key, bool fallback) {
  return arguments.word(key, fallback ? "true" : "false", {"true", "false"}) == "true";
}

template <Element T>
Made<T> make_none(Arguments&, Extent, Commit) {
  return std::make_unique<None<T>>();
}

template <Element T>
Made<T> make_ef14(Arguments& arguments, Extent n, Commit commit) {
  const bool rescale = is_set(arguments, "rescale", true);
  const double decay = arguments.number("decay", 1, 0, 1);
  const auto state = arguments.word("state", "full", {"full", "bf16", "8bit"});
  if (state == "full") return std::make_unique<Ef14<T>>(n.sent, commit, rescale, decay);
  NarrowOptions options{.kind = state == "bf16" ? Narrow::bf16 : Narrow::eight_bits,
                        .rescale = rescale,
                        .decay = decay};
  options.average = arguments.optional_number("average", 0, kBelowOne).value_or(0);
  options.reset = arguments.integer("reset", 0, 0, 1 << 24);
  return std::make_unique<NarrowEf14<T>>(n.sent, commit, options);
}

template <Element T>
Made<T> make_ef21(Arguments&, Extent n, Commit commit) {
  return std::make_unique<Ef21<T>>(n, commit);
}

template <Element T>
Made<T> make_ef21_sgdm(Arguments& arguments, Extent n, Commit commit) {
  return std::make_unique<Ef21Sgdm<T>>(n, commit, arguments.number("eta", 0.1, 0, 1));
}

template <Element T>
Made<T> make_ef21_sgd2m(Arguments& arguments, Extent n, Commit commit) {
  return std::make_unique<Ef21Sgdm<T>>(n, commit, arguments.number("eta", 0.1, 0, 1), true);
}

template <Element T>
Made<T> make_ef21_hb(Arguments& arguments, Extent n, Commit commit) {
  return std::make_unique<Ef21Hb<T>>(n, commit, momentum_of(arguments));
}

template <Element T>
Made<T> make_dgc(Arguments& arguments, Extent n, Commit commit) {
  DgcOptions options;
  options.momentum = momentum_of(arguments);
  options.nesterov = is_set(arguments, "nesterov", options.nesterov);
  options.masking = is_set(arguments, "masking", options.masking);
  return std::make_unique<Dgc<T>>(n.sent, commit, options);
}

template <Element T>
Made<T> make_clip21(Arguments& arguments, Extent n, Commit commit) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  return std::make_unique<Clip21<T>>(n, commit, arguments.number("norm", 1, 0, kLargest));
}

template <Element T>
Made<T> make_econtrol(Arguments& arguments, Extent n, Commit commit) {
  return std::make_unique<EControl<T>>(n, commit, arguments.optional_number("eta", 0, 1));
}

template <Element T>
Made<T> make_d_ec(Arguments&, Extent n, Commit commit) {
  return std::make_unique<DEc<T>>(n, commit);
}

// Of the rules that have one; empty: it is not given.
std::optional<double> lambda_of(Arguments& arguments) {
  const double lambda = arguments.number("lambda", 0, 0, 1);
  return lambda > 0 ? std::optional(lambda) : std::nullopt;
}

template <Element T>
Made<T> make_ef_bv(Arguments& arguments, Extent n, Commit commit) {
  const auto lambda = lambda_of(arguments);
  return std::make_unique<EfBv<T>>(n, commit, lambda, arguments.number("nu", 1, 0, 1));
}

struct Maker {
  Made<float> (*make_float)(Arguments&, Extent, Commit);
  Made<double> (*make_double)(Arguments&, Extent, Commit);
};

template <Element T>
auto make_with(const Maker& maker) {
  if constexpr (std::same_as<T, float>) {
    return maker.make_float;
  } else {
    return maker.make_double;
  }
}

// An owner keeps the residual of its shard. Where ranks send differences of states instead of
// gradients, no learning rate applies to it: this is EF21-BC's server, whose two vectors matter
// only by their difference. What waits at dgc's ranks is not rescaled either.
constexpr std::string_view kPlainOwner = "ef14(rescale=false)";

constexpr FeedbackEntry kRules[] = {
    {"none", "none", true, false, false, true, 1, 0, 0, "-"},
    {"ef14", "ef14", true, false, false, false, 1, 1, 2,
     "Seide et al. 2014; Karimireddy et al. 2019"},
    {"ef21", kPlainOwner, true, true, false, false, 1, 2, 3, "Richtarik, Sokolov, Fatkhullin 2021"},
    {"ef21_sgdm", kPlainOwner, false, true, true, false, 1, 3, 5,
     "Fatkhullin, Tyurin, Richtarik 2023"},
    {"ef21_sgd2m", kPlainOwner, false, true, true, false, 1, 4, 7,
     "Fatkhullin, Tyurin, Richtarik 2023"},
    {"ef21_hb", kPlainOwner, false, true, true, false, 1, 3, 4, "Fatkhullin et al. 2021"},
    {"clip21", kPlainOwner, false, true, false, false, 1, 2, 3, "Khirirat et al. 2023"},
    {"econtrol", kPlainOwner, true, true, false, false, 1, 3, 5, "Gao, Islamov, Stich 2024"},
    {"d_ec", kPlainOwner, true, true, false, false, 2, 3, 5, "Gao, Islamov, Stich 2024"},
    {"dgc", kPlainOwner, false, false, true, false, 1, 2, 4, "Lin, Han, Mao, Wang, Dally 2018"},
    {"ef_bv", kPlainOwner, true, true, false, true, 1, 2, 3, "Condat, Yi, Richtarik 2022"},
};

constexpr Maker kMakers[] = {
    {make_none<float>, make_none<double>},
    {make_ef14<float>, make_ef14<double>},
    {make_ef21<float>, make_ef21<double>},
    {make_ef21_sgdm<float>, make_ef21_sgdm<double>},
    {make_ef21_sgd2m<float>, make_ef21_sgd2m<double>},
    {make_ef21_hb<float>, make_ef21_hb<double>},
    {make_clip21<float>, make_clip21<double>},
    {make_econtrol<float>, make_econtrol<double>},
    {make_d_ec<float>, make_d_ec<double>},
    {make_dgc<float>, make_dgc<double>},
    {make_ef_bv<float>, make_ef_bv<double>},
};
static_assert(std::size(kRules) == std::size(kMakers));

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const FeedbackEntry& entry : kRules) all.emplace_back(entry.name);
  return all;
}

}  // namespace

std::span<const FeedbackEntry> feedback_rules() { return kRules; }

const FeedbackEntry& feedback_rule(std::string_view name) {
  const auto found = std::ranges::find(kRules, name, &FeedbackEntry::name);
  if (found == std::end(kRules)) throw UsageError(unknown_name("feedback rule", name, names()));
  return *found;
}

Spec owner_rule(const Spec& rule) {
  const auto owner = feedback_rule(rule.name).owner;
  return owner == rule.name ? rule : parse_spec(owner);
}

double most_variance(const Spec& rule, double bias) {
  const FeedbackEntry& entry = feedback_rule(rule.name);
  const double kept = 1 - bias;
  if (!entry.any_variance) return kept * (2 - kept);
  Arguments arguments(rule);
  if (const auto lambda = lambda_of(arguments)) return kept * (2 / *lambda - kept);
  const bool bears = !entry.differences || kept > 0;
  return bears ? std::numeric_limits<double>::infinity() : 0;
}

template <Element T>
std::unique_ptr<Feedback<T>> make_feedback(const Spec& spec, Extent n, Commit commit) {
  const auto index = static_cast<std::size_t>(&feedback_rule(spec.name) - kRules);
  Arguments arguments(spec);
  auto rule = make_with<T>(kMakers[index])(arguments, n, commit);
  arguments.finish();
  return rule;
}

template std::unique_ptr<Feedback<float>> make_feedback(const Spec&, Extent, Commit);
template std::unique_ptr<Feedback<double>> make_feedback(const Spec&, Extent, Commit);

}  // namespace pith
