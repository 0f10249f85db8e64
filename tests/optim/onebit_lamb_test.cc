// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/optim/onebit_lamb.h>

#include "optim/model.h"

namespace pith::test {
namespace {

using Vector = std::vector<double>;

double norm(const Vector& x) {
  double sum = 0;
  for (const double value : x) sum += value * value;
  return std::sqrt(sum);
}

/// LAMB of one tensor as its description has it, one number at a time, in one process.
struct PlainLamb {
  Vector w;
  Vector m = Vector(w.size());
  Vector v = Vector(w.size());
  Vector fresh = Vector(w.size());
  double coefficient = 0;
  double factor = 1;

  Vector direction(bool decays) const {
    Vector d(w.size());
    for (std::size_t i = 0; i < w.size(); ++i) {
      d[i] = m[i] / (std::sqrt(v[i]) + 1e-8) + (decays ? 0.1 * w[i] : 0);
    }
    return d;
  }

  void descend(double rate) {
    const Vector d = direction(true);
    for (std::size_t i = 0; i < w.size(); ++i) w[i] -= rate * d[i];
  }

  void full_step(const Vector& g) {
    for (std::size_t i = 0; i < w.size(); ++i) {
      m[i] = 0.9 * m[i] + 0.1 * g[i];
      v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
    }
    const double ratio = std::clamp(norm(w) / norm(direction(true)), 0.01, 10.0);
    coefficient = 0.9 * coefficient + 0.1 * ratio;
    descend(0.01 * ratio);
    fresh = v;
  }

  void frozen_step(const Vector& g) {
    double largest = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      m[i] = 0.9 * m[i] + 0.1 * g[i];
      fresh[i] = 0.999 * fresh[i] + 0.001 * g[i] * g[i];
      largest = std::max(largest, (std::sqrt(v[i]) + 1e-8) / (std::sqrt(fresh[i]) + 1e-8));
    }
    const double share = std::min(1.0, norm(direction(false)) / norm(direction(true)));
    largest = std::clamp(largest * share + 1 - share, 0.5, 4.0);
    factor = std::clamp(largest, 0.9 * factor, 1.1 * factor);
    descend(0.01 * coefficient * factor);
  }
};

TEST(OneBitLamb, WithoutLossIsLambWithRatiosThatAreFrozen) {
  constexpr int kRanks = 3;
  run_local(kRanks, [](Communicator& communicator) {
    Model<double> model({10, 3});
    OneBitLamb<double> lamb(
        communicator,
        {.adam = {.lr = 0.01, .weight_decay = 0.1, .compressor = "identity"}, .freeze_step = 5});
    model.join(lamb);
    std::vector<PlainLamb> plain;
    for (const Vector& w : model.parameters) plain.push_back({.w = w});
    for (std::uint64_t t = 0; t < 30; ++t) {
      for (std::size_t i = 0; i < plain.size(); ++i) {
        Vector g(plain[i].w.size());
        for (int r = 0; r < kRanks; ++r) {
          const auto of_rank = gradient<double>(g.size(), 100 * t + i, r);
          for (std::size_t j = 0; j < g.size(); ++j) g[j] += of_rank[j] / kRanks;
        }
        t < 5 ? plain[i].full_step(g) : plain[i].frozen_step(g);
      }
      model.draw(t, communicator.rank());
      ASSERT_TRUE(lamb.step().committed);
      ASSERT_EQ(lamb.frozen(), t >= 4);
      for (std::size_t i = 0; i < plain.size(); ++i) {
        const std::string name = Model<double>::name(i);
        ASSERT_NEAR(scalar(lamb, name + "/factor"), plain[i].factor, 1e-10);
        ASSERT_NEAR(scalar(lamb, name + "/coefficient"), plain[i].coefficient, 1e-12);
        expect_near(model.parameters[i], plain[i].w, 1e-12);
      }
    }
  });
}

// Magnitudes 1 and 100 with two elements each: the mean is 50.5.
TEST(OneBitLamb, ScalesTensorsToOneMagnitude) {
  run_local(2, [](Communicator& communicator) {
    Model<double> model({2, 2, 2});
    OneBitLamb<double> lamb(communicator, {.adam = {.betas = {0, 0.999}}, .freeze_step = 1});
    model.join(lamb);
    model.set_gradient(0, {1, -1});
    model.set_gradient(1, {100, 100});
    ASSERT_TRUE(lamb.step().committed);
    constexpr double kMean = 101.0 / 3;
    EXPECT_NEAR(scalar(lamb, "w0/scaling"), kMean, 1e-12);
    EXPECT_NEAR(scalar(lamb, "w1/scaling"), kMean / 100, 1e-12);
    EXPECT_EQ(scalar(lamb, "w2/scaling"), 1);  // and no division by zero
    ASSERT_TRUE(lamb.step().committed);
    expect_near(state(lamb, "w0/momentum", 2), {1, -1}, 2);
    expect_near(state(lamb, "w2/momentum", 2), {0, 0}, 0);
    for (const Vector& w : model.parameters) {
      for (const double value : w) EXPECT_TRUE(std::isfinite(value));
    }
  });
}

// ln 4 / ln 1.1 = 14.5.
TEST(OneBitLamb, TakesFifteenStepsToLetAFactorGrowFromOneToFour) {
  run_local(2, [](Communicator& communicator) {
    Model<double> model({8});
    OneBitLamb<double> lamb(
        communicator, {.adam = {.betas = {0, 0.5}, .compressor = "identity"}, .freeze_step = 1});
    model.join(lamb);
    model.gradients[0].assign(8, 1000);
    ASSERT_TRUE(lamb.step().committed);
    model.gradients[0].assign(8, 0.001);
    int steps = 0;
    while (scalar(lamb, "w0/factor") < 4) {
      const double before = scalar(lamb, "w0/factor");
      ASSERT_TRUE(lamb.step().committed);
      ASSERT_LE(scalar(lamb, "w0/factor"), 1.1 * before + 1e-12);
      ASSERT_LE(++steps, 40);
    }
    // The square root of b2^-t is the most that v can have fallen by: 4 at the fourth step.
    EXPECT_EQ(steps, 15);
    ASSERT_TRUE(lamb.step().committed);
    EXPECT_EQ(scalar(lamb, "w0/factor"), 4);
  });
}

// Zero when the only ratio would have been taken, as biases are.
TEST(OneBitLamb, MovesATensorThatNeverHadARatio) {
  run_local(2, [](Communicator& communicator) {
    Model<double> model({4});
    std::ranges::fill(model.parameters[0], 0);
    OneBitLamb<double> lamb(communicator, {.adam = {.lr = 0.01}, .freeze_step = 1});
    model.join(lamb);
    model.set_gradient(0, {1, 1, 1, 1});
    ASSERT_TRUE(lamb.step().committed);
    EXPECT_EQ(scalar(lamb, "w0/coefficient"), 0);
    const Vector before = model.parameters[0];
    ASSERT_TRUE(lamb.step().committed);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_LT(model.parameters[0][i], before[i] - 0.01);
  });
}

TEST(OneBitLamb, MaskedElementsDoNotKeepTheFactorFromFalling) {
  run_local(2, [](Communicator& communicator) {
    Model<double> model({4});
    OneBitLamb<double> lamb(communicator, {.adam = {.compressor = "identity"}, .freeze_step = 1});
    model.join(lamb);
    model.set_gradient(0, {1, 1, 1, 0});
    ASSERT_TRUE(lamb.step().committed);
    model.set_gradient(0, {1000, 1000, 1000, 0});
    for (int t = 0; t < 10; ++t) ASSERT_TRUE(lamb.step().committed);
    EXPECT_EQ(scalar(lamb, "w0/factor"), 0.5);
  });
}

TEST(OneBitLamb, KeepsReplicasEqual) {
  run_local(4, [](Communicator& communicator) {
    Model<float> model({33, 1, 7});
    OneBitLamb<float> lamb(communicator, {.adam = {.weight_decay = 0.01}, .freeze_step = 3});
    model.join(lamb);
    for (std::uint64_t t = 0; t < 30; ++t) {
      model.draw(t, communicator.rank());
      ASSERT_TRUE(lamb.step().committed);
      for (const auto& w : model.parameters) {
        ASSERT_TRUE(same_on_all_ranks(communicator, std::span<const float>(w)));
      }
    }
  });
}

}  // namespace
}  // namespace pith::test
