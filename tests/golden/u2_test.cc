// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include <pith/comm/local.h>

#include "golden/ways.h"

// Telescoping: over many steps the estimates and what the residuals still hold make up the sum of
// the mean gradients.
namespace pith::test {
namespace {

constexpr std::uint64_t kSteps = 50;

/// Sums over the steps, by way, on one rank.
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
Totals<T> totals_of(Communicator& communicator, const std::vector<Way>& ways) {
  Trial<T> trial(communicator, ways);
  Totals<T> totals;
  totals.pushed.resize(ways.size());
  totals.received = totals.residual = totals.owner = totals.pushed;
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    trial.draw(step);
    for (std::size_t w = 0; w < ways.size(); ++w) add(trial[w], totals.pushed[w]);
    trial.exchange();
    for (std::size_t w = 0; w < ways.size(); ++w) add(trial[w], totals.received[w]);
  }
  for (std::size_t w = 0; w < ways.size(); ++w) {
    add(trial.state(w, "residual"), totals.residual[w]);
    add(trial.state(w, "owner_residual"), totals.owner[w]);
  }
  return totals;
}

// |sum of estimates + mean residual + owners' residuals - sum of mean gradients|, relative.
template <Element T>
double defect(const std::vector<Totals<T>>& ranks, std::size_t way) {
  const auto p = static_cast<double>(ranks.size());
  double error = 0;
  double size = 0;
  for (std::size_t j = 0; j < ranks.front().received[way].size(); ++j) {
    double gradient = 0;
    double accounted = ranks.front().received[way][j];
    for (const Totals<T>& rank : ranks) {
      gradient += rank.pushed[way][j] / p;
      accounted += rank.residual[way][j] / p + rank.owner[way][j];
    }
    error += (accounted - gradient) * (accounted - gradient);
    size += gradient * gradient;
  }
  return std::sqrt(error / size);
}

template <Element T>
void expect_telescoping(std::size_t ranks, double tolerance) {
  auto ways = ways_with("ef14");
  // One rank's mean is its own message, so the second rounding changes nothing there.
  if (ranks > 1) std::erase_if(ways, rounds_the_mean);
  std::vector<Totals<T>> totals(ranks);
  run_local(static_cast<int>(ranks), [&](Communicator& communicator) {
    totals[static_cast<std::size_t>(communicator.rank())] = totals_of<T>(communicator, ways);
  });
  for (std::size_t w = 0; w < ways.size(); ++w) {
    EXPECT_LT(defect(totals, w), tolerance) << ways[w].name() << ", " << ranks << " ranks";
  }
}

TEST(U2, EstimatesAndResidualsMakeUpTheGradientsInFloat) {
  for (const std::size_t ranks : {1, 2, 3}) expect_telescoping<float>(ranks, 1e-5);
}

TEST(U2, EstimatesAndResidualsMakeUpTheGradientsInDouble) {
  for (const std::size_t ranks : {1, 2, 3}) expect_telescoping<double>(ranks, 1e-13);
}

}  // namespace
}  // namespace pith::test
