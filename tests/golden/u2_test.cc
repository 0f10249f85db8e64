// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <pith/comm/local.h>

#include "golden/problems.h"
#include "golden/trial.h"

// Telescoping: over many steps the estimates and what the residuals still hold make up the sum of
// the mean gradients.
namespace pith::test {
namespace {

constexpr std::uint64_t kSteps = 50;

/// Sums over the steps, by case, on one rank.
template <Element T>
struct Totals {
  std::vector<std::vector<double>> pushed;
  std::vector<std::vector<double>> received;
  std::vector<std::vector<double>> residual;  // at the end
  std::vector<std::vector<double>> owner;
};

template <Element T>
void add(const std::vector<T>& x, std::vector<double>& sum) {
  sum.resize(x.size());
  for (std::size_t j = 0; j < x.size(); ++j) sum[j] += static_cast<double>(x[j]);
}

template <Element T>
Totals<T> totals_of(Communicator& communicator, const std::vector<LegalCase>& cases) {
  Trial<T> trial(communicator, cases);
  Totals<T> totals;
  totals.pushed.resize(cases.size());
  totals.received = totals.residual = totals.owner = totals.pushed;
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    trial.draw(step);
    for (std::size_t i = 0; i < cases.size(); ++i) add(trial[i], totals.pushed[i]);
    trial.exchange();
    for (std::size_t i = 0; i < cases.size(); ++i) add(trial[i], totals.received[i]);
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    add(trial.state_or_zeros(i, "residual"), totals.residual[i]);
    add(trial.state_or_zeros(i, "owner_residual"), totals.owner[i]);
  }
  return totals;
}

// |sum of estimates + mean residual + owners' residuals - sum of mean gradients|, relative.
template <Element T>
double defect(const std::vector<Totals<T>>& ranks, std::size_t number) {
  const auto p = static_cast<double>(ranks.size());
  double error = 0;
  double size = 0;
  for (std::size_t j = 0; j < ranks.front().received[number].size(); ++j) {
    double gradient = 0;
    double accounted = ranks.front().received[number][j];
    for (const Totals<T>& rank : ranks) {
      gradient += rank.pushed[number][j] / p;
      accounted += rank.residual[number][j] / p + rank.owner[number][j];
    }
    error += (accounted - gradient) * (accounted - gradient);
    size += gradient * gradient;
  }
  return std::sqrt(error / size);
}

// What lossy compressors have dropped is somewhere, or the sums above would be of estimates only.
template <Element T>
bool keeps_something(const std::vector<Totals<T>>& ranks, std::size_t number) {
  return std::ranges::any_of(
      ranks, [&](const Totals<T>& rank) { return norm(rank.residual[number]) > 0; });
}

template <Element T>
void expect_telescoping(std::size_t ranks, double tolerance) {
  auto cases = cases_with("ef14");
  // One rank's mean is its own message, so the second rounding changes nothing there.
  if (ranks > 1) std::erase_if(cases, rounds_the_mean);
  std::vector<Totals<T>> totals(ranks);
  run_local(static_cast<int>(ranks), [&](Communicator& communicator) {
    totals[static_cast<std::size_t>(communicator.rank())] = totals_of<T>(communicator, cases);
  });
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_LT(defect(totals, i), tolerance) << name_of(cases[i]) << ", " << ranks << " ranks";
    EXPECT_EQ(keeps_something(totals, i), !is_lossless(cases[i])) << name_of(cases[i]);
  }
}

TEST(U2, EstimatesAndResidualsMakeUpTheGradientsInFloat) {
  for (const std::size_t ranks : {1u, 2u, 3u}) expect_telescoping<float>(ranks, 1e-5);
}

TEST(U2, EstimatesAndResidualsMakeUpTheGradientsInDouble) {
  for (const std::size_t ranks : {1u, 2u, 3u}) expect_telescoping<double>(ranks, 1e-13);
}

}  // namespace
}  // namespace pith::test
