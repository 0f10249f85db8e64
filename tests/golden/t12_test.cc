// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/hash.h>
#include <pith/feedback/registry.h>

#include "golden/problems.h"
#include "golden/trial.h"

// A thousand steps of every legal combination: the replicas stay bit-identical, and the invariants
// of the rules hold whatever the compressors dropped.
namespace pith::test {
namespace {

constexpr std::size_t kRanks = 3;
constexpr std::uint64_t kSteps = PITH_MANY_STEPS;

double rate_at(std::uint64_t step) { return 0.1 / (1 + static_cast<double>(step % 100)); }

// Invariant I1 of ef14 is about rate times gradient, under any schedule.
double weight(const LegalCase& legal, std::uint64_t step) {
  return legal.feedback == "ef14" ? rate_at(step) : 1;
}

/// What one rank knows of one case in the end.
struct Account {
  std::uint64_t hash = 0;         // of all estimates
  std::vector<double> gradients;  // weighted sum
  std::vector<double> estimates;  // weighted sum
  std::map<std::string, std::vector<double>> states;
};

using Ranks = std::vector<std::vector<Account>>;  // by rank, then by case

template <Element T>
void add_scaled(double a, const std::vector<T>& x, std::vector<double>& sum) {
  sum.resize(x.size());
  for (std::size_t j = 0; j < x.size(); ++j) sum[j] += a * static_cast<double>(x[j]);
}

template <Element T>
void take_step(Trial<T>& trial, const std::vector<LegalCase>& cases, std::uint64_t step,
               std::vector<Account>& accounts) {
  trial.draw(step);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    add_scaled(weight(cases[i], step), trial[i], accounts[i].gradients);
  }
  ASSERT_TRUE(trial.exchange({.learning_rate = rate_at(step)}).committed);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    add_scaled(weight(cases[i], step), trial[i], accounts[i].estimates);
    accounts[i].hash = hash(std::as_bytes(std::span(trial[i])), accounts[i].hash);
  }
}

template <Element T>
void read_states(Trial<T>& trial, const std::vector<LegalCase>& cases,
                 std::vector<Account>& accounts) {
  for (std::size_t i = 0; i < cases.size(); ++i) {
    for (const std::string& name : states_of(cases[i])) {
      add_scaled(1, trial.state(i, name), accounts[i].states[name]);
    }
  }
}

/// Every rank's accounts, by case; also checks what is the same on all ranks.
template <Element T>
Ranks run_all(const std::vector<LegalCase>& cases) {
  Ranks ranks(kRanks, std::vector<Account>(cases.size()));
  std::vector<std::vector<T>> replicated(kRanks);
  run_local(kRanks, [&](Communicator& communicator) {
    const auto rank = static_cast<std::size_t>(communicator.rank());
    Trial<T> trial(communicator, cases);
    for (std::uint64_t step = 0; step < kSteps; ++step) take_step(trial, cases, step, ranks[rank]);
    read_states(trial, cases, ranks[rank]);
    replicated[rank] = trial.states(Scope::replicated);
  });
  for (std::size_t r = 1; r < kRanks; ++r) {
    EXPECT_EQ(replicated[r], replicated[0]);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      EXPECT_EQ(ranks[r][i].hash, ranks[0][i].hash) << name_of(cases[i]) << ", rank " << r;
    }
  }
  return ranks;
}

// The mean over the ranks of one state, or the sum of one that each rank holds a part of.
std::vector<double> mean_of(const Ranks& ranks, std::size_t number, const std::string& state,
                            double divisor = kRanks) {
  std::vector<double> mean;
  for (const auto& rank : ranks) add_scaled(1 / divisor, rank[number].states.at(state), mean);
  return mean;
}

std::vector<double> mean_gradient_of(const Ranks& ranks, std::size_t number) {
  std::vector<double> mean;
  for (const auto& rank : ranks) add_scaled(1.0 / kRanks, rank[number].gradients, mean);
  return mean;
}

// Adds what the owners of shards hold back, if they do.
void add_owners(double a, const Ranks& ranks, std::size_t number, std::vector<double>& sum) {
  const auto& states = ranks[0][number].states;
  if (!states.contains("owner_residual")) return;
  const bool twice = states.contains("second_owner_residual");  // that of what the means follow
  add_scaled(a, mean_of(ranks, number, twice ? "second_owner_residual" : "owner_residual", 1), sum);
}

double relative_distance(const std::vector<double>& x, const std::vector<double>& y) {
  double error = 0;
  double size = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    error += (x[j] - y[j]) * (x[j] - y[j]);
    size += y[j] * y[j];
  }
  return size > 0 ? std::sqrt(error / size) : std::sqrt(error);  // a threshold may send nothing
}

// I1: estimates and residuals, each times its rate, make up the gradients times theirs.
void expect_i1(const Ranks& ranks, std::size_t number) {
  auto accounted = ranks[0][number].estimates;
  const double last = rate_at(kSteps - 1);
  add_scaled(last, mean_of(ranks, number, "residual"), accounted);
  add_owners(last, ranks, number, accounted);
  EXPECT_LT(relative_distance(accounted, mean_gradient_of(ranks, number)), 1e-11);
}

// I2: estimates and errors make up the gradients, whatever eta was.
void expect_i2(const Ranks& ranks, std::size_t number) {
  auto accounted = ranks[0][number].estimates;
  add_scaled(1, mean_of(ranks, number, "error"), accounted);
  EXPECT_LT(relative_distance(accounted, mean_gradient_of(ranks, number)), 1e-11);
}

// I3: the replicated mean, and what owners still hold back of it, is the mean of the ranks' own.
// All follow by lambda times what is sent.
void expect_i3(const Ranks& ranks, std::size_t number, double lambda) {
  auto accounted = ranks[0][number].states.at("mean");
  add_owners(lambda, ranks, number, accounted);
  EXPECT_LT(relative_distance(accounted, mean_of(ranks, number, "own")), 1e-11);
}

TEST(T12, ReplicasStayEqualInFloat) { run_all<float>(all_cases()); }

// No momentum of normal numbers grows so large.
bool sends_nothing(const LegalCase& legal) {
  return legal.compressor == "threshold(value=1.5,index=raw32)" && legal.feedback == "ef21_sgdm";
}

// An invariant between states that are all zero would say nothing.
void expect_states_hold_something(const Ranks& ranks, std::size_t number, const LegalCase& legal) {
  if (sends_nothing(legal)) return;
  for (const std::string& name : states_of(legal)) {
    const bool follows = name != "error" && !name.ends_with("residual");
    if (!follows && is_lossless(legal)) continue;
    double all = 0;
    for (const auto& rank : ranks) all += norm(rank[number].states.at(name));
    EXPECT_GT(all, 0) << name;
  }
}

// 1 / (1 + variance) of natural, which is what owners meet under ef_bv.
double lambda_of(const LegalCase& legal) {
  return legal.feedback == "ef_bv" && legal.compressor == "natural" ? 8.0 / 9 : 1;
}

void expect_invariants(const Ranks& ranks, std::size_t number, const LegalCase& legal) {
  const FeedbackEntry& rule = feedback_rule(legal.feedback);
  const bool left_out = legal.compressor == "none" && rule.exact_is_mean;
  if (legal.feedback == "none" || left_out || rounds_the_mean(legal)) return;
  if (legal.feedback == "ef14") return expect_i1(ranks, number);
  if (legal.feedback == "dgc") return;  // masking forgets momentum
  expect_i3(ranks, number, lambda_of(legal));
  if (legal.feedback != "econtrol" && legal.feedback != "d_ec") return;
  // An owner's residual delays estimates, and I2 has no place for that.
  if (legal.exchange != "sharded") expect_i2(ranks, number);
  EXPECT_LT(norm(ranks[0][number].states.at("error")), 2000)
      << "eta is too large for this compressor";
}

TEST(T12, ReplicasStayEqualAndInvariantsHoldInDouble) {
  const auto cases = all_cases();
  const auto ranks = run_all<double>(cases);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(name_of(cases[i]));
    expect_states_hold_something(ranks, i, cases[i]);
    expect_invariants(ranks, i, cases[i]);
  }
}

}  // namespace
}  // namespace pith::test
