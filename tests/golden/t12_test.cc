// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/hash.h>

#include "golden/ways.h"

// A thousand steps of every legal combination: the replicas stay bit-identical, and the invariants
// of the rules hold whatever the compressors dropped.
namespace pith::test {
namespace {

constexpr std::size_t kRanks = 3;
constexpr std::uint64_t kSteps = 1000;

double rate_at(std::uint64_t step) { return 0.1 / (1 + static_cast<double>(step % 100)); }

// Invariant I1 of ef14 is about rate times gradient, under any schedule.
double weight(const Way& way, std::uint64_t step) {
  return way.feedback == "ef14" ? rate_at(step) : 1;
}

/// What one rank knows of one way in the end.
struct Account {
  std::uint64_t hash = 0;                                 // of all estimates
  std::vector<double> gradients;                          // weighted sum
  std::vector<double> estimates;                          // weighted sum
  std::vector<double> residual, owner, error, own, mean;  // states
};

template <Element T>
void add_scaled(double a, const std::vector<T>& x, std::vector<double>& sum) {
  sum.resize(x.size());
  for (std::size_t j = 0; j < x.size(); ++j) sum[j] += a * static_cast<double>(x[j]);
}

template <Element T>
void take_step(Trial<T>& trial, const std::vector<Way>& ways, std::uint64_t step,
               std::vector<Account>& accounts) {
  trial.draw(step);
  for (std::size_t w = 0; w < ways.size(); ++w) {
    add_scaled(weight(ways[w], step), trial[w], accounts[w].gradients);
  }
  ASSERT_TRUE(trial.exchange({.learning_rate = rate_at(step)}).committed);
  for (std::size_t w = 0; w < ways.size(); ++w) {
    add_scaled(weight(ways[w], step), trial[w], accounts[w].estimates);
    accounts[w].hash = hash(std::as_bytes(std::span(trial[w])), accounts[w].hash);
  }
}

template <Element T>
void read_states(Trial<T>& trial, std::vector<Account>& accounts) {
  for (std::size_t w = 0; w < accounts.size(); ++w) {
    Account& account = accounts[w];
    add_scaled(1, trial.state(w, "residual"), account.residual);
    add_scaled(1, trial.state(w, "owner_residual"), account.owner);
    add_scaled(1, trial.state(w, "error"), account.error);
    add_scaled(1, trial.state(w, "own"), account.own);
    add_scaled(1, trial.state(w, "mean"), account.mean);
  }
}

/// Every rank's accounts, by way; also checks what is the same on all ranks.
template <Element T>
std::vector<std::vector<Account>> run_all(const std::vector<Way>& ways) {
  std::vector<std::vector<Account>> ranks(kRanks, std::vector<Account>(ways.size()));
  std::vector<std::vector<T>> replicated(kRanks);
  run_local(kRanks, [&](Communicator& communicator) {
    const auto rank = static_cast<std::size_t>(communicator.rank());
    Trial<T> trial(communicator, ways);
    for (std::uint64_t step = 0; step < kSteps; ++step) take_step(trial, ways, step, ranks[rank]);
    read_states(trial, ranks[rank]);
    replicated[rank] = trial.states(Scope::replicated);
  });
  for (std::size_t r = 1; r < kRanks; ++r) {
    EXPECT_EQ(replicated[r], replicated[0]);
    for (std::size_t w = 0; w < ways.size(); ++w) {
      EXPECT_EQ(ranks[r][w].hash, ranks[0][w].hash) << ways[w].name() << ", rank " << r;
    }
  }
  return ranks;
}

using Sum = std::vector<double> Account::*;

// The mean over the ranks of one vector, and the sum of one that each rank holds a part of.
std::vector<double> mean_of(const std::vector<std::vector<Account>>& ranks, std::size_t way,
                            Sum vector, double divisor = kRanks) {
  std::vector<double> mean;
  for (const auto& rank : ranks) add_scaled(1 / divisor, rank[way].*vector, mean);
  return mean;
}

double relative_distance(const std::vector<double>& x, const std::vector<double>& y) {
  double error = 0;
  double size = 0;
  for (std::size_t j = 0; j < x.size(); ++j) {
    error += (x[j] - y[j]) * (x[j] - y[j]);
    size += y[j] * y[j];
  }
  return std::sqrt(error / size);
}

// I1: estimates and residuals, each times its rate, make up the gradients times theirs.
void expect_i1(const std::vector<std::vector<Account>>& ranks, std::size_t way) {
  auto accounted = ranks[0][way].estimates;
  const double last = rate_at(kSteps - 1);
  add_scaled(last, mean_of(ranks, way, &Account::residual), accounted);
  add_scaled(last, mean_of(ranks, way, &Account::owner, 1), accounted);
  EXPECT_LT(relative_distance(accounted, mean_of(ranks, way, &Account::gradients)), 1e-11);
}

// I2: estimates and errors make up the gradients, whatever eta was.
void expect_i2(const std::vector<std::vector<Account>>& ranks, std::size_t way) {
  auto accounted = ranks[0][way].estimates;
  add_scaled(1, mean_of(ranks, way, &Account::error), accounted);
  EXPECT_LT(relative_distance(accounted, mean_of(ranks, way, &Account::gradients)), 1e-11);
}

// I3: the replicated mean, and what owners still hold back of it, is the mean of the ranks' own.
void expect_i3(const std::vector<std::vector<Account>>& ranks, std::size_t way) {
  auto accounted = ranks[0][way].mean;
  add_scaled(1, mean_of(ranks, way, &Account::owner, 1), accounted);
  EXPECT_LT(relative_distance(accounted, mean_of(ranks, way, &Account::own)), 1e-11);
}

TEST(T12, ReplicasStayEqualInFloat) { run_all<float>(legal_ways()); }

TEST(T12, ReplicasStayEqualAndInvariantsHoldInDouble) {
  const auto ways = legal_ways();
  const auto ranks = run_all<double>(ways);
  for (std::size_t w = 0; w < ways.size(); ++w) {
    SCOPED_TRACE(ways[w].name());
    if (rounds_the_mean(ways[w]) || ways[w].feedback == "none") continue;
    if (ways[w].feedback == "ef14") {
      expect_i1(ranks, w);
    } else {
      expect_i3(ranks, w);
    }
    // An owner's residual delays estimates, and I2 has no place for that.
    if (ways[w].feedback == "econtrol" && ways[w].exchange != "sharded") expect_i2(ranks, w);
  }
}

}  // namespace
}  // namespace pith::test
