// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/optim/onebit_adam.h>

#include "optim/golden_exchange.h"
#include "optim/model.h"

// E1 to E6: the tests that go with the description of 1-bit Adam. (E2, the two scales, is with the
// compressor; E5, the volume, is counted on whole models in tests/tools.)
namespace pith::test {
namespace {

TEST(OneBitAdam, E1TwoRanksMeetAsWorkedOut) { run_local(2, two_ranks_meet_as_worked_out); }

/// Sums of what went into the exchange and what came out, rank by rank.
struct Sums {
  std::vector<double> sent;
  std::vector<double> received;
  std::vector<double> residual;
  std::vector<double> owner_residual;
};

// 1000 steps on three ranks; a rank sends b1 m + (1 - b1) g, m being what all received before.
Sums run_momentum(Communicator& communicator, std::size_t n, std::size_t steps) {
  Model<float> model({n});
  OneBitAdam<float> adam(communicator, {.freeze_step = 1});
  model.join(adam);
  model.draw(0, communicator.rank());
  EXPECT_TRUE(adam.step().committed);
  Sums sums{std::vector<double>(n), std::vector<double>(n), {}, {}};
  auto momentum = state(adam, "w0/momentum", n);
  for (std::size_t t = 1; t <= steps; ++t) {
    model.draw(t, communicator.rank());
    for (std::size_t i = 0; i < n; ++i) {
      sums.sent[i] += 0.9 * momentum[i] + 0.1 * model.gradients[0][i];
    }
    adam.set_lr(1e-3 * static_cast<double>(1 + t % 7));  // which momentum knows nothing of
    EXPECT_TRUE(adam.step().committed);
    momentum = state(adam, "w0/momentum", n);
    for (std::size_t i = 0; i < n; ++i) sums.received[i] += momentum[i];
  }
  for (const float e : state(adam, "w0/residual", n)) sums.residual.push_back(e);
  for (const float e : state(adam, "w0/owner_residual", n)) sums.owner_residual.push_back(e);
  return sums;
}

double norm(const std::vector<double>& x) {
  return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
}

TEST(OneBitAdam, E3WhatIsReceivedIsWhatWasSentLessTheResiduals) {
  constexpr std::size_t kElements = 101;
  constexpr std::size_t kSteps = PITH_MANY_STEPS;
  run_local(3, [&](Communicator& communicator) {
    Sums sums = run_momentum(communicator, kElements, kSteps);
    communicator.all_reduce(std::span(sums.sent));
    communicator.all_reduce(std::span(sums.residual));
    communicator.all_reduce(std::span(sums.owner_residual));
    std::vector<double> error(kElements);
    for (std::size_t i = 0; i < kElements; ++i) {
      const double mean = (sums.sent[i] - sums.residual[i]) / 3;
      error[i] = sums.received[i] - (mean - sums.owner_residual[i]);
    }
    EXPECT_LT(norm(error), 1e-5 * norm(sums.received));
    EXPECT_GT(norm(sums.owner_residual), 0.01);
  });
}

// The time average of what is received comes as near as 1/T to a momentum that stays.
TEST(OneBitAdam, E3TheMeanOfAConstantMomentumConverges) {
  run_local(3, [](Communicator& communicator) {
    Model<double> model({50});
    OneBitAdam<double> adam(communicator, {.adam = {.betas = {0, 0.999}}, .freeze_step = 1});
    model.join(adam);
    model.draw(0, 0);  // the same on all ranks
    std::vector<double> sum(50);
    const auto distance = [&](double steps) {
      double largest = 0;
      for (std::size_t i = 0; i < sum.size(); ++i) {
        largest = std::max(largest, std::abs(sum[i] / steps - model.gradients[0][i]));
      }
      return largest;
    };
    adam.step();
    double early = 0;
    for (int t = 1; t <= 4000; ++t) {
      adam.step();
      const auto momentum = state(adam, "w0/momentum", 50);
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += momentum[i];
      if (t == 400) early = distance(400);
    }
    EXPECT_LT(distance(4000), early / 9);
    EXPECT_LT(distance(4000), 0.02);
  });
}

// Every second element never has a gradient.
template <class Check>
void with_dead_elements(bool mask_zeros, const Check& check) {
  run_local(3, [&](Communicator& communicator) {
    Model<double> model({40});
    OneBitAdam<double> adam(communicator, {.adam = {.mask_zeros = mask_zeros}, .freeze_step = 2});
    model.join(adam);
    const auto start = model.parameters[0];
    for (std::uint64_t t = 0; t < 6; ++t) {
      model.draw(t, communicator.rank());
      for (std::size_t i = 0; i < 40; i += 2) model.gradients[0][i] = 0;
      ASSERT_TRUE(adam.step().committed);
      const auto momentum = state(adam, "w0/momentum", 40);
      for (std::size_t i = 0; i < 40; i += 2) {
        if (t >= 2) check(momentum[i], model.parameters[0][i] - start[i]);
      }
    }
  });
}

TEST(OneBitAdam, E4ElementsWithoutGradientsReceiveNoiseIfTheyAreNotMasked) {
  with_dead_elements(false, [](double momentum, double moved) {
    EXPECT_NE(momentum, 0);
    EXPECT_GT(std::abs(moved), 100);  // lr times the noise over eps
  });
}

TEST(OneBitAdam, E4ElementsWithoutGradientsStayIfTheyAreMasked) {
  with_dead_elements(true, [](double momentum, double moved) {
    EXPECT_EQ(momentum, 0);
    EXPECT_EQ(moved, 0);
  });
}

TEST(OneBitAdam, E4AGradientThatComesLateToAMaskedElementIsForgotten) {
  run_local(2, [](Communicator& communicator) {
    Model<double> model({10});
    OneBitAdam<double> adam(communicator, {.freeze_step = 1});
    model.join(adam);
    for (std::uint64_t t = 0; t < 200; ++t) {
      model.draw(t, communicator.rank());
      model.gradients[0][3] = t == 0 ? 0 : 1000;
      ASSERT_TRUE(adam.step().committed);
      ASSERT_EQ(state(adam, "w0/momentum", 10)[3], 0);
      for (const double e : state(adam, "w0/residual", 10)) ASSERT_LT(std::abs(e), 10);
    }
  });
}

TEST(OneBitAdam, E6TheVarianceKeepsItsBitsFromTheFreezeOn) {
  run_local(4, [](Communicator& communicator) {
    Model<float> model({33, 1, 7});
    OneBitAdam<float> adam(communicator, {.freeze_step = 3});
    model.join(adam);
    std::vector<float> frozen;
    for (std::uint64_t t = 0; t < 50; ++t) {
      EXPECT_EQ(adam.frozen(), t >= 3);
      model.draw(t, communicator.rank());
      ASSERT_TRUE(adam.step().committed);
      const auto variance = state(adam, "w0/variance", 33);
      if (t == 2) frozen = variance;
      if (t >= 2) {
        ASSERT_EQ(variance, frozen);
      }
      ASSERT_TRUE(same_on_all_ranks(communicator, std::span<const float>(variance)));
      for (const auto& parameters : model.parameters) {
        ASSERT_TRUE(same_on_all_ranks(communicator, std::span<const float>(parameters)));
      }
    }
  });
}

// With gradients that do not change, v is 1 - 0.9^t of what it will be: after 10, 20, 30, 40 steps
// 0.65, 0.88, 0.958, 0.985; the last two are the first that differ by less than 4 %.
std::uint64_t freezes_after(OneBitAdamOptions options) {
  options.adam.betas[1] = 0.9;
  std::uint64_t frozen = 0;
  run_local(2, [&](Communicator& communicator) {
    Model<double> model({20});
    OneBitAdam<double> adam(communicator, options);
    model.join(adam);
    model.draw(0, communicator.rank());
    while (!adam.frozen()) adam.step();
    if (communicator.rank() == 0) frozen = adam.steps();
  });
  return frozen;
}

TEST(OneBitAdam, FreezesWhenTheVarianceIsStable) {
  EXPECT_EQ(freezes_after({}), 40);
  EXPECT_EQ(freezes_after({.var_freeze_threshold = 0.9}), 30);
  EXPECT_EQ(freezes_after({.lr_warmup_steps = 45}), 50);
  EXPECT_EQ(freezes_after({.freeze_step = 35}), 35);
  EXPECT_EQ(freezes_after({.freeze_step = 500, .var_freeze_threshold = 0}), 500);
}

// Adam on the mean gradient, one number at a time; lossless compression changes nothing.
TEST(OneBitAdam, WithoutLossIsAdamWithAVarianceThatIsFrozen) {
  constexpr int kRanks = 3;
  run_local(kRanks, [](Communicator& communicator) {
    Model<double> model({10});
    OneBitAdam<double> adam(
        communicator,
        {.adam = {.lr = 0.01, .weight_decay = 0.1, .compressor = "identity"}, .freeze_step = 5});
    model.join(adam);
    auto w = model.parameters[0];
    std::vector<double> m(10);
    std::vector<double> v(10);
    for (std::uint64_t t = 0; t < 20; ++t) {
      adam.set_lr(t < 10 ? 0.01 : 0.002);
      for (std::size_t i = 0; i < 10; ++i) {
        double g = 0;
        for (int r = 0; r < kRanks; ++r) g += gradient<double>(10, 100 * t, r)[i] / kRanks;
        m[i] = 0.9 * m[i] + 0.1 * g;
        if (t < 5) v[i] = 0.999 * v[i] + 0.001 * g * g;
        w[i] -= (t < 10 ? 0.01 : 0.002) * (m[i] / (std::sqrt(v[i]) + 1e-8) + 0.1 * w[i]);
      }
      model.draw(t, communicator.rank());
      for (double& g : model.gradients[0]) g *= 1024;
      ASSERT_TRUE(adam.step(1024).committed);
    }
    expect_near(model.parameters[0], w, 1e-12);
  });
}

// Equal gradients on all ranks, one scale per tensor: nothing depends on how many ranks there are,
// nor on whether they divide the elements. One rank compresses too.
TEST(OneBitAdam, GivesTheSameOnAnyNumberOfRanks) {
  const auto trained = [](int ranks, std::size_t n) {
    std::vector<double> result;
    run_local(ranks, [&](Communicator& communicator) {
      Model<double> model({n});
      OneBitAdam<double> adam(communicator, {.adam = {.compressor = kOneScale}, .freeze_step = 4});
      model.join(adam);
      for (std::uint64_t t = 0; t < 30; ++t) {
        model.draw(t, 0);
        ASSERT_TRUE(adam.step().committed);
      }
      const double scale = std::abs(state(adam, "w0/momentum", n)[0]);
      for (const double m : state(adam, "w0/momentum", n)) {
        ASSERT_NEAR(std::abs(m), scale, 1e-12);
      }
      if (communicator.rank() == 0) result = model.parameters[0];
    });
    return result;
  };
  for (const std::size_t n : {1u, 7u, 64u, 1001u}) {
    const auto one = trained(1, n);
    for (const int ranks : {2, 3, 4, 7}) expect_near(trained(ranks, n), one, 1e-12);
  }
}

// Two phases, each: a record of 16 bytes, a head of 64, a directory of 16, a scale and a bit per
// element, in multiples of 16 bytes; the agreement has 16. No byte more for other numbers of ranks.
TEST(OneBitAdam, SendsNothingForElementsThatAreNotThere) {
  const auto padded = [](std::size_t bytes) { return (bytes + 15) / 16 * 16; };
  for (const std::size_t n : {2u, 1000u, 1001u, 4099u}) {
    for (const std::size_t ranks : {1u, 2u, 3u, 4u, 7u}) {
      run_local(static_cast<int>(ranks), [&](Communicator& communicator) {
        Model<float> model({n});
        OneBitAdam<float> adam(communicator, {.adam = {.compressor = kOneScale}, .freeze_step = 1});
        model.join(adam);
        model.draw(0, communicator.rank());
        adam.step();
        adam.step();
        const auto before = communicator.wire_bytes();
        adam.step();
        const auto rank = static_cast<std::size_t>(communicator.rank());
        std::size_t expected = 0;
        for (std::size_t r = 0; r < ranks; ++r) {
          if (r == rank) continue;
          const auto size = [&](std::size_t s) {
            const std::size_t elements = block_start(n, ranks, s + 1) - block_start(n, ranks, s);
            return 80 + (elements == 0 ? 0 : padded(4 + (elements + 7) / 8));
          };
          expected += 16 + size(r) + 16 + size(rank) + 16;
        }
        EXPECT_EQ(communicator.wire_bytes() - before, expected)
            << n << " elements, rank " << rank << " of " << ranks;
      });
    }
  }
}

}  // namespace
}  // namespace pith::test
