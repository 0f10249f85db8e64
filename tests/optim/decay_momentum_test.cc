// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/optim/decay_momentum.h>
#include <pith/reducer/reducer.h>

namespace pith::test {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using Vector = std::vector<double>;

constexpr double kRate = 0.1;
constexpr double kMomentum = 0.9;
constexpr double kDecay = 0.02;
constexpr int kRanks = 2;

// Of f = |x - target|^2 / 2, each rank with its own target.
Vector gradient_of(const Vector& x, int rank) {
  Vector gradient(x.size());
  for (std::size_t j = 0; j < x.size(); ++j) {
    gradient[j] = x[j] - static_cast<double>(j + 1) * (rank == 0 ? 3 : -1);
  }
  return gradient;
}

// Where the ranks' mean gradient plus decay, under one momentum, leads.
Vector momentum_sgd(Vector x, bool nesterov, int steps) {
  Vector velocity(x.size());
  for (int t = 0; t < steps; ++t) {
    const Vector first = gradient_of(x, 0);
    const Vector second = gradient_of(x, 1);
    for (std::size_t j = 0; j < x.size(); ++j) {
      const double g = (first[j] + second[j]) / kRanks + kDecay * x[j];
      velocity[j] = kMomentum * velocity[j] + g;
      x[j] -= kRate * (nesterov ? g + kMomentum * velocity[j] : velocity[j]);
    }
  }
  return x;
}

Vector with_dgc(Communicator& communicator, const std::string& compressor, Vector x, bool nesterov,
                int steps) {
  set_log_level(LogLevel::none);
  TensorRule rule;
  rule.compressor = compressor;
  rule.feedback = nesterov ? "dgc(nesterov=true)" : "dgc";
  Reducer reducer(communicator, {.rules = {rule}});
  reducer.add("x", Shape{x.size()}, ElementType::float64);
  DecayMomentum<double> decay(
      x.size(), {.weight_decay = kDecay, .momentum = kMomentum, .nesterov = nesterov});
  for (int t = 0; t < steps; ++t) {
    Vector estimate = gradient_of(x, communicator.rank());
    reducer.push("x", estimate);
    EXPECT_TRUE(reducer.wait().committed);
    decay.add(x, estimate);
    for (std::size_t j = 0; j < x.size(); ++j) x[j] -= kRate * estimate[j];
  }
  return x;
}

TEST(DecayMomentum, WithDgcUncompressedIsMomentumSgdWithDecay) {
  const Vector start{5, -2, 0.5};
  for (const bool nesterov : {false, true}) {
    const Vector expected = momentum_sgd(start, nesterov, 30);
    run_local(kRanks, [&](Communicator& communicator) {
      const Vector x = with_dgc(communicator, "none", start, nesterov, 30);
      for (std::size_t j = 0; j < x.size(); ++j) EXPECT_NEAR(x[j], expected[j], 1e-13);
    });
  }
}

TEST(DecayMomentum, KeepsReplicasEqualUnderTopK) {
  std::vector<Vector> ends(kRanks);
  run_local(kRanks, [&](Communicator& communicator) {
    ends[static_cast<std::size_t>(communicator.rank())] =
        with_dgc(communicator, "topk(k=1)", {5, -2, 0.5}, false, 30);
  });
  EXPECT_EQ(ends[0], ends[1]);
}

TEST(DecayMomentum, RefusesNumbersOutOfRange) {
  const auto making = [](const DecayOptions& options) {
    return [options] { DecayMomentum<float>(3, options); };
  };
  EXPECT_THAT(making({.weight_decay = -0.5}), ThrowsMessage<UsageError>(HasSubstr("-0.5")));
  EXPECT_THAT(making({.momentum = 1}), ThrowsMessage<UsageError>(HasSubstr("momentum=1")));
  EXPECT_THAT(making({.weight_decay = std::numeric_limits<double>::quiet_NaN()}),
              ThrowsMessage<UsageError>(HasSubstr("weight_decay")));
  DecayMomentum<float> decay(3, {.weight_decay = 0.1});
  const std::vector<float> weights(2);
  std::vector<float> estimate(3);
  EXPECT_THAT([&] { decay.add(weights, estimate); },
              ThrowsMessage<UsageError>(HasSubstr("2 weights")));
}

// So a run can be taken up again.
TEST(DecayMomentum, IsItsState) {
  DecayMomentum<double> first(1, {.weight_decay = 0.5, .momentum = 0.5});
  DecayMomentum<double> second(1, {.weight_decay = 0.5, .momentum = 0.5});
  Vector x{0};
  first.add(Vector{4}, x);
  EXPECT_EQ(x, (Vector{2}));
  second.state().values[0] = first.state().values[0];
  second.add(Vector{4}, x);
  EXPECT_EQ(x, (Vector{2 + 3}));
}

}  // namespace
}  // namespace pith::test
