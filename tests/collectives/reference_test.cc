// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <support/reference_exchange.h>

#include <pith/comm/local.h>
#include <pith/core/log.h>
#include <pith/reducer/reducer.h>

#include "support/exchange/legal_cases.h"
#include "support/exchange/trajectory.h"

// Every legal combination gives what all ranks give in one place, one after the other.
namespace pith::test {
namespace {

constexpr int kRanks[] = {1, 2, 3, 4, 7, 8};
constexpr std::uint64_t kSteps = 3;

class Reference : public testing::TestWithParam<LegalCase> {
 protected:
  void SetUp() override { set_log_level(LogLevel::none); }
};

// By step; the same on every rank.
template <Element T>
using Estimates = std::vector<std::vector<T>>;

template <Element T>
Estimates<T> estimates_of_ranks(const LegalCase& legal, std::size_t n, int ranks) {
  Estimates<T> first;
  run_local(ranks, [&](Communicator& communicator) {
    Reducer reducer(communicator, options_for(legal));
    reducer.add("w", nearly_square(n), element_type<T>);
    for (std::uint64_t t = 0; t < kSteps; ++t) {
      auto x = gradient<T>(n, t, communicator.rank());
      reducer.push("w", std::span<T>(x));
      reducer.wait();
      if (communicator.rank() == 0) first.push_back(x);
    }
  });
  return first;
}

template <Element T>
Estimates<T> expected_estimates(const LegalCase& legal, std::size_t n, int ranks) {
  ReferenceExchange<T> reference({.compressor = legal.compressor,
                                  .feedback = legal.feedback,
                                  .exchange = legal.exchange,
                                  .tensor = "w",
                                  .shape = nearly_square(n),
                                  .ranks = static_cast<std::size_t>(ranks)});
  Estimates<T> all;
  for (std::uint64_t t = 0; t < kSteps; ++t) {
    std::vector<std::vector<T>> gradients;
    for (int r = 0; r < ranks; ++r) gradients.push_back(gradient<T>(n, t, r));
    StepContext context;
    context.step = t;
    all.push_back(reference.step(gradients, context));
  }
  return all;
}

template <Element T>
double largest(const std::vector<T>& x) {
  double largest = 0;
  for (const T value : x) largest = std::max(largest, std::abs(static_cast<double>(value)));
  return largest;
}

// Sums of the back end are in an order of its own; low-rank factors of noise amplify that.
double tolerance(const LegalCase& legal) {
  if (legal.exchange != "raw" && legal.exchange != "linear") return 0;
  return legal.compressor.find("cast") == std::string::npos ? 1e-3 : 2e-2;
}

template <Element T>
void expect_reference(const LegalCase& legal, std::size_t n, int ranks) {
  const auto seen = estimates_of_ranks<T>(legal, n, ranks);
  const auto expected = expected_estimates<T>(legal, n, ranks);
  for (std::uint64_t t = 0; t < kSteps; ++t) {
    if (tolerance(legal) == 0) {
      ASSERT_EQ(seen[t], expected[t]) << n << " elements, " << ranks << " ranks, step " << t;
      continue;
    }
    const double allowed = tolerance(legal) * largest(expected[t]);
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_NEAR(seen[t][i], expected[t][i], allowed) << n << ", " << ranks << ", step " << t;
    }
  }
}

TEST_P(Reference, IsWhatEveryNumberOfRanksGives) {
  for (const int ranks : kRanks) {
    for (const std::size_t n : {0u, 1u, 5u, 333u}) {
      expect_reference<float>(GetParam(), n, ranks);
      expect_reference<double>(GetParam(), n, ranks);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Reference, testing::ValuesIn(legal_cases()),
                         [](const auto& test) { return test_name(test.param); });

}  // namespace
}  // namespace pith::test
