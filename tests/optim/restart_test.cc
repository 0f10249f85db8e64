// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/optim/onebit_adam.h>
#include <pith/optim/onebit_lamb.h>
#include <pith/optim/zero_one_adam.h>

#include "optim/model.h"

// Who copies all states and the parameters to an optimizer that is new goes on with the same bits,
// whatever phase that is in.
namespace pith::test {
namespace {

using Optimizer = AdamOptimizer<float>;
using Make = std::unique_ptr<Optimizer> (*)(Communicator&);

std::unique_ptr<Optimizer> make_adam(Communicator& communicator) {
  return std::make_unique<OneBitAdam<float>>(
      communicator, OneBitAdamOptions{.adam = {.betas = {0.9, 0.75}}, .freeze_step = 20});
}

std::unique_ptr<Optimizer> make_lamb(Communicator& communicator) {
  return std::make_unique<OneBitLamb<float>>(
      communicator, OneBitLambOptions{.adam = {.weight_decay = 0.1}, .freeze_step = 6});
}

std::unique_ptr<Optimizer> make_zero_one(Communicator& communicator) {
  return std::make_unique<ZeroOneAdam<float>>(communicator,
                                              ZeroOneAdamOptions{.adam = {.weight_decay = 0.1},
                                                                 .var_freeze_step = 7,
                                                                 .var_update_scaler = 2,
                                                                 .local_step_scaler = 6,
                                                                 .local_step_clipper = 3});
}

struct Training {
  Training(Communicator& communicator, Make make)
      : model({33, 1, 7}), optimizer(make(communicator)), rank(communicator.rank()) {
    model.join(*optimizer);
  }

  void steps(std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t t = first; t < last; ++t) {
      model.draw(t, rank);
      ASSERT_TRUE(optimizer->step().committed);
    }
  }

  void load(Training& other) {
    model.parameters = other.model.parameters;  // the spans stay: sizes are equal
    const auto from = other.optimizer->states();
    const auto to = optimizer->states();
    ASSERT_EQ(from.size(), to.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
      ASSERT_EQ(from[i].name, to[i].name);
      ASSERT_EQ(from[i].first, to[i].first);
      std::ranges::copy(from[i].values, to[i].values.begin());
    }
  }

  Model<float> model;
  std::unique_ptr<Optimizer> optimizer;
  int rank;
};

class Restart : public testing::TestWithParam<Make> {};

TEST_P(Restart, T13GoesOnWithTheSameBits) {
  run_local(3, [&](Communicator& communicator) {
    Training whole(communicator, GetParam());
    for (std::uint64_t at = 0; at < 25; ++at) {
      Training later(communicator, GetParam());
      later.load(whole);
      Training one_more(communicator, GetParam());
      one_more.load(whole);
      later.steps(at, at + 12);
      one_more.steps(at, at + 1);
      whole.steps(at, at + 1);
      ASSERT_EQ(state_bytes(*one_more.optimizer), state_bytes(*whole.optimizer)) << at;
      ASSERT_EQ(one_more.model.parameters, whole.model.parameters) << at;
      one_more.steps(at + 1, at + 12);
      ASSERT_EQ(one_more.model.parameters, later.model.parameters) << at;
    }
  });
}

TEST_P(Restart, ReplicatedStatesAreEqualOnAllRanks) {
  run_local(3, [&](Communicator& communicator) {
    Training training(communicator, GetParam());
    for (std::uint64_t t = 0; t < 30; ++t) {
      training.steps(t, t + 1);
      for (const StateView<float>& state : training.optimizer->states()) {
        if (state.scope != Scope::replicated) continue;
        ASSERT_TRUE(same_on_all_ranks(communicator, std::span<const float>(state.values)))
            << state.name << ", step " << t;
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(
    Optimizers, Restart, testing::Values(make_adam, make_lamb, make_zero_one),
    [](const auto& test) {
      return std::string(std::array{"OneBitAdam", "OneBitLamb", "ZeroOneAdam"}[test.index]);
    });

}  // namespace
}  // namespace pith::test
