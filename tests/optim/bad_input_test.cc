// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/optim/onebit_adam.h>
#include <pith/optim/onebit_lamb.h>
#include <pith/optim/zero_one_adam.h>

#include "optim/model.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What every rank is told if one rank has these options, and the others the default ones.
template <class Optimizer, class Options>
std::string refused(const Options& options) {
  return usage_error_of(3, [&](Communicator& communicator) {
    Optimizer optimizer(communicator, communicator.rank() == 1 ? options : Options{});
  });
}

TEST(OptimizerOptions, OutOfRangeAreNamedOnEveryRank) {
  const auto adam = [](const AdamOptions& options) {
    return refused<OneBitAdam<float>>(OneBitAdamOptions{.adam = options});
  };
  EXPECT_THAT(adam({.lr = -1}), AllOf(HasSubstr("rank 1"), HasSubstr("lr=-1")));
  EXPECT_THAT(adam({.lr = kInfinity}), HasSubstr("lr=inf"));
  EXPECT_THAT(adam({.betas = {1, 0.999}}), HasSubstr("betas=1"));
  EXPECT_THAT(adam({.betas = {0.9, kNan}}), HasSubstr("betas=nan"));
  EXPECT_THAT(adam({.eps = 0}), HasSubstr("eps=0"));
  EXPECT_THAT(adam({.eps = 1e-50}), HasSubstr("eps=1e-50: must be above 0 as a float"));
  EXPECT_THAT(adam({.betas = {0.9, 1 - 1e-12}}), HasSubstr("must be in [0, 1) as a float"));
  EXPECT_THAT(adam({.lr = 1e39}), HasSubstr("lr=1e+39: must be 0 or more as a float"));
  EXPECT_THAT(adam({.weight_decay = -0.5}), HasSubstr("weight_decay=-0.5"));
  EXPECT_THAT(adam({.compressor = "nosuch"}), HasSubstr("nosuch"));
  EXPECT_THAT(adam({.full_precision = "nosuch"}), HasSubstr("nosuch"));
  EXPECT_THAT(adam({.non_finite = NonFinite::propagate}), HasSubstr("propagate"));
  EXPECT_THAT(refused<OneBitAdam<float>>(OneBitAdamOptions{.freeze_step = 0}),
              HasSubstr("freeze_step=0"));
  EXPECT_THAT(refused<OneBitAdam<float>>(OneBitAdamOptions{.var_freeze_threshold = 1.5}),
              HasSubstr("var_freeze_threshold=1.5"));
}

TEST(OptimizerOptions, OfLambAreNamedOnEveryRank) {
  const auto lamb = [](const OneBitLambOptions& options) {
    return refused<OneBitLamb<float>>(options);
  };
  EXPECT_THAT(lamb({.freeze_step = 0}), HasSubstr("freeze_step=0"));
  EXPECT_THAT(lamb({.min_coeff = 0}), HasSubstr("min_coeff=0"));
  EXPECT_THAT(lamb({.min_coeff = 1e-50}), HasSubstr("min_coeff=1e-50"));
  EXPECT_THAT(lamb({.max_coeff = 0.001}), HasSubstr("max_coeff=0.001"));
  EXPECT_THAT(lamb({.coeff_beta = 1}), HasSubstr("coeff_beta=1"));
  EXPECT_THAT(lamb({.factor_min = 2}), HasSubstr("factor_min=2"));
  EXPECT_THAT(lamb({.factor_max = 0.5}), HasSubstr("factor_max=0.5"));
  EXPECT_THAT(lamb({.factor_threshold = 1}), HasSubstr("factor_threshold=1"));
}

TEST(OptimizerOptions, OfZeroOneAdamAreNamedOnEveryRank) {
  const auto zero_one = [](const ZeroOneAdamOptions& options) {
    return refused<ZeroOneAdam<float>>(options);
  };
  EXPECT_THAT(zero_one({.var_freeze_step = 0}), HasSubstr("var_freeze_step=0"));
  EXPECT_THAT(zero_one({.var_update_scaler = 0}), HasSubstr("var_update_scaler=0"));
  EXPECT_THAT(zero_one({.local_step_scaler = 0}), HasSubstr("local_step_scaler=0"));
  EXPECT_THAT(zero_one({.local_step_clipper = 0}), HasSubstr("local_step_clipper=0"));
}

TEST(OptimizerOptions, ThatDifferBetweenRanksAreNamed) {
  EXPECT_THAT(refused<OneBitAdam<float>>(OneBitAdamOptions{.adam = {.eps = 1e-6}}),
              AllOf(HasSubstr("eps="), HasSubstr("rank 1")));
  EXPECT_THAT(refused<OneBitAdam<float>>(OneBitAdamOptions{.freeze_step = 10}),
              HasSubstr("freeze_step=10"));
}

/// What every rank is told by a mistake that rank 1 makes before the first step or in it.
std::string mistake(const std::function<void(OneBitAdam<float>&, Model<float>&)>& make) {
  return usage_error_of(3, [&](Communicator& communicator) {
    Model<float> model({6});
    OneBitAdam<float> adam(communicator);
    model.join(adam);
    if (communicator.rank() == 1) make(adam, model);
    adam.step();
  });
}

TEST(Optimizer, TellsEveryRankOfAMistakeOfOne) {
  std::vector<float> more(5);
  EXPECT_THAT(mistake([&](auto& adam, auto& model) {
                adam.add("odd", std::span(more), std::span<const float>(model.gradients[0]));
              }),
              AllOf(HasSubstr("rank 1"), HasSubstr("\"odd\" has 5 parameters and 6 gradients")));
  EXPECT_THAT(mistake([&](auto& adam, auto&) {
                adam.add("w0", std::span(more), std::span<const float>(more));
              }),
              HasSubstr("\"w0\""));
  EXPECT_THAT(mistake([](auto& adam, auto&) { adam.fail("my data ran out"); }),
              AllOf(HasSubstr("rank 1"), HasSubstr("my data ran out")));
  EXPECT_THAT(mistake([](auto& adam, auto&) { adam.set_lr(0.5); }), HasSubstr("differ"));
  EXPECT_THAT(mistake([](auto& adam, auto&) { adam.set_lr(-1); }), HasSubstr("learning rate"));
}

TEST(Optimizer, TellsEveryRankOfATensorThatComesLate) {
  std::vector<float> more(5);
  const auto late = usage_error_of(2, [&](Communicator& communicator) {
    Model<float> model({6});
    OneBitAdam<float> adam(communicator);
    model.join(adam);
    adam.step();
    if (communicator.rank() == 1) adam.add("late", std::span(more), std::span<const float>(more));
    adam.step();
  });
  EXPECT_THAT(late, AllOf(HasSubstr("rank 1"), HasSubstr("\"late\" comes after the first step")));
}

// A mistake between synchronisations moves nothing, and is told at the next one.
TEST(Optimizer, TellsEveryRankOfAMistakeAtTheNextSynchronisation) {
  run_local(2, [](Communicator& communicator) {
    Model<float> model({20});
    ZeroOneAdam<float> adam(communicator, {.var_freeze_step = 1, .local_step_scaler = 1});
    model.join(adam);
    model.draw(0, communicator.rank());
    for (int t = 0; t < 2; ++t) adam.step();
    ASSERT_EQ(adam.next(), ZeroOneAdam<float>::Kind::local);
    const bool mine = communicator.rank() == 1;
    const auto before = model.parameters[0];
    EXPECT_EQ(adam.step(mine ? -1 : 1).committed, !mine);
    EXPECT_EQ(model.parameters[0] == before, mine);
    try {
      adam.step();
      ADD_FAILURE() << "did not throw";
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("rank 1"), HasSubstr("loss scale is -1")));
    }
    EXPECT_TRUE(adam.step().committed);
  });
}

TEST(Optimizer, GoesOnAfterAMistake) {
  run_local(2, [](Communicator& communicator) {
    Model<float> model({6});
    OneBitAdam<float> adam(communicator, {.freeze_step = 1});
    model.join(adam);
    for (int phase = 0; phase < 2; ++phase) {
      model.draw(0, communicator.rank());
      EXPECT_THROW(adam.step(communicator.rank() == 0 ? 0.0 : 1.0), UsageError);
      EXPECT_TRUE(adam.step().committed);
    }
    EXPECT_EQ(adam.steps(), 2);
  });
}

/// An optimizer that meets a NaN on rank 1 in every second step, and its states before and after.
template <class Optimizer, class Options>
void expect_that_a_nan_changes_nothing(const Options& options) {
  run_local(3, [&](Communicator& communicator) {
    Model<float> model({20, 3});
    Optimizer optimizer(communicator, options);
    model.join(optimizer);
    for (std::uint64_t t = 0; t < 12; ++t) {
      model.draw(t, communicator.rank());
      if (communicator.rank() == 1) model.gradients[1][2] = std::numeric_limits<float>::quiet_NaN();
      const auto parameters = model.parameters;
      const auto states = state_bytes(optimizer);
      const StepResult result = optimizer.step();
      EXPECT_FALSE(result.committed);
      EXPECT_THAT(result.reason, AllOf(HasSubstr("rank 1"), HasSubstr("w1")));
      ASSERT_EQ(model.parameters, parameters);
      ASSERT_EQ(state_bytes(optimizer), states);
      model.draw(t, communicator.rank());
      ASSERT_TRUE(optimizer.step().committed);
      ASSERT_TRUE(same_on_all_ranks(communicator, std::span<const float>(model.parameters[0])));
    }
    EXPECT_EQ(optimizer.steps(), 12);
  });
}

TEST(U5, ANanChangesNothingOfAnOptimizer) {
  expect_that_a_nan_changes_nothing<OneBitAdam<float>>(OneBitAdamOptions{.freeze_step = 4});
  expect_that_a_nan_changes_nothing<OneBitLamb<float>>(OneBitLambOptions{.freeze_step = 4});
  expect_that_a_nan_changes_nothing<ZeroOneAdam<float>>(
      ZeroOneAdamOptions{.var_freeze_step = 6, .var_update_scaler = 2});
}

// Steps that nobody else hears of: only the rank that met it leaves it out.
TEST(U5, ANanBetweenSynchronisationsCountsForNothingOnItsRank) {
  run_local(2, [](Communicator& communicator) {
    Model<float> model({20});
    ZeroOneAdam<float> adam(communicator, {.var_freeze_step = 2, .local_step_scaler = 2});
    model.join(adam);
    for (std::uint64_t t = 0; t < 40; ++t) {
      const bool local = adam.next() == ZeroOneAdam<float>::Kind::local;
      const bool bad = local && communicator.rank() == 1 && t % 3 == 0;
      model.draw(t, communicator.rank());
      if (bad) model.gradients[0][7] = std::numeric_limits<float>::infinity();
      const auto before = model.parameters[0];
      const StepResult result = adam.step();
      ASSERT_EQ(result.committed, !bad);
      if (bad) {
        EXPECT_THAT(result.reason, AllOf(HasSubstr("w0"), HasSubstr("step ")));
        ASSERT_EQ(model.parameters[0], before);
      }
      if (!local) {
        ASSERT_TRUE(same_on_all_ranks(communicator, std::span<const float>(model.parameters[0])));
      }
    }
  });
}

TEST(U5, ANanBetweenSynchronisationsFailsTheNextOneIfItIsTo) {
  run_local(2, [](Communicator& communicator) {
    Model<float> model({20});
    ZeroOneAdam<float> adam(
        communicator,
        {.adam = {.non_finite = NonFinite::fail}, .var_freeze_step = 1, .local_step_scaler = 1});
    model.join(adam);
    model.draw(0, 0);
    for (int t = 0; t < 2; ++t) adam.step();
    ASSERT_EQ(adam.next(), ZeroOneAdam<float>::Kind::local);
    if (communicator.rank() == 1) model.gradients[0][7] = std::numeric_limits<float>::infinity();
    EXPECT_EQ(adam.step().committed, communicator.rank() == 0);
    EXPECT_EQ(adam.next(), ZeroOneAdam<float>::Kind::compressed);
    model.draw(1, 0);
    EXPECT_THROW(adam.step(), Error);
  });
}

}  // namespace
}  // namespace pith::test
