// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>

#include "support/exchange/trajectory.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

using testing::HasSubstr;

std::string error_of(const std::function<void(Communicator&)>& body) {
  return usage_error_of(3, body);
}

std::string options_error(const ReducerOptions& options) {
  return error_of([&](Communicator& communicator) { Reducer reducer(communicator, options); });
}

TEST(BadInput, UnknownCompressorNamesTheNearestOne) {
  EXPECT_THAT(options_error({.compressor = "topq(density=0.1)"}),
              HasSubstr("did you mean \"topk\""));
}

TEST(BadInput, DensityOutOfRangeNamesTheValue) {
  EXPECT_THAT(options_error({.compressor = "topk(density=0)"}), HasSubstr("not 0"));
  EXPECT_THAT(options_error({.compressor = "topk(density=1.5)"}), HasSubstr("not 1.5"));
}

TEST(BadInput, UnknownRuleExchangeAndArgumentAreNamed) {
  EXPECT_THAT(options_error({.feedback = "ef15"}), HasSubstr("\"ef15\""));
  EXPECT_THAT(options_error({.exchange = "gathr"}), HasSubstr("did you mean \"gather\""));
  EXPECT_THAT(options_error({.compressor = "onebit(blok=4)"}), HasSubstr("\"blok\""));
}

TEST(BadInput, IllegalCombinationsAreRefused) {
  EXPECT_THAT(options_error({.compressor = "topk(density=0.1)", .exchange = "linear"}),
              HasSubstr("not a linear compressor"));
  EXPECT_THAT(options_error({.compressor = "lowrank(rank=2)", .exchange = "gather"}),
              HasSubstr("not a message compressor"));
  EXPECT_THAT(options_error({.compressor = "randomk(density=0.1)", .exchange = "raw"}),
              HasSubstr("raw carries none and cast only"));
}

TEST(BadInput, ASpecThatIsWrongOnOneRankOnlyIsAnErrorOnAll) {
  const auto error = error_of([](Communicator& communicator) {
    const bool odd = communicator.rank() == 1;
    Reducer reducer(communicator, {.compressor = odd ? "topk(density=7)" : "topk(density=0.1)"});
  });
  EXPECT_THAT(error, HasSubstr("rank 1: topk(density=7)"));
}

// One tensor "w" of 4 x 4 on three ranks; `act` replaces push and wait.
std::string step_error_of(const std::function<void(Communicator&, Reducer&)>& act) {
  return error_of([&](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = "topk(k=2)", .unit = CompressedUnit::model});
    reducer.add("w", {4, 4});
    act(communicator, reducer);
  });
}

TEST(BadInput, ATensorPushedTwiceOnOneRankIsNamedWithTheRank) {
  const auto error = step_error_of([](Communicator& communicator, Reducer& reducer) {
    std::vector<float> x(16, 1.0f);
    reducer.push("w", std::span(x));
    if (communicator.rank() == 2) reducer.push("w", std::span(x));
    reducer.wait();
  });
  EXPECT_THAT(error, HasSubstr("rank 2: push: tensor \"w\" was already given"));
}

TEST(BadInput, ATensorNeverPushedOnOneRankIsNamedWithTheRank) {
  const auto error = step_error_of([](Communicator& communicator, Reducer& reducer) {
    std::vector<float> x(16, 1.0f);
    if (communicator.rank() != 1) reducer.push("w", std::span(x));
    reducer.wait();
  });
  EXPECT_THAT(error, HasSubstr("rank 1: wait: tensor \"w\" was neither pushed nor skipped"));
}

TEST(BadInput, AShapeThatChangesIsNamedWithBothSizes) {
  const auto error = step_error_of([](Communicator& communicator, Reducer& reducer) {
    std::vector<float> x(communicator.rank() == 0 ? 15 : 16, 1.0f);
    reducer.push("w", std::span(x));
    reducer.wait();
  });
  EXPECT_THAT(error, HasSubstr("rank 0: push: tensor \"w\" has 16 elements (4x4), not 15"));
}

TEST(BadInput, AnElementTypeThatChangesAndAnUnknownNameAreNamed) {
  const auto error = step_error_of([](Communicator&, Reducer& reducer) {
    std::vector<double> x(16, 1.0);
    reducer.push("w", std::span(x));
    reducer.push("v", std::span(x));
    reducer.wait();
  });
  EXPECT_THAT(error, HasSubstr("tensor \"w\" is float32, not float64"));
  EXPECT_THAT(error, HasSubstr("tensor \"v\" is not registered"));
}

TEST(BadInput, StepOptionsThatDifferOrAreOutOfRangeAreAnErrorOnAll) {
  const auto wait_with = [](const std::function<StepOptions(int)>& options) {
    return step_error_of([&](Communicator& communicator, Reducer& reducer) {
      std::vector<float> x(16, 1.0f);
      reducer.push("w", std::span(x));
      reducer.wait(options(communicator.rank()));
    });
  };
  EXPECT_THAT(wait_with([](int rank) { return StepOptions{.learning_rate = 0.1 * rank}; }),
              HasSubstr("different options"));
  EXPECT_THAT(wait_with([](int) { return StepOptions{.learning_rate = -1}; }),
              HasSubstr("the learning rate is -1"));
  EXPECT_THAT(wait_with([](int) { return StepOptions{.loss_scale = 0}; }),
              HasSubstr("the loss scale is 0"));
}

TEST(BadInput, AnErrorLeavesEveryStateAndTheNextStepGoesOn) {
  run_local(3, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = "topk(k=2)", .unit = CompressedUnit::model});
    reducer.add("w", {4, 4});
    auto x = gradient<float>(16, 0, communicator.rank());
    step(reducer, x);
    const std::string before = state_bytes<float>(reducer);
    auto y = gradient<float>(16, 1, communicator.rank());
    if (communicator.rank() != 1) reducer.push("w", std::span(y));
    const auto pushed = y;
    EXPECT_THROW(reducer.wait(), UsageError);
    EXPECT_EQ(y, pushed);
    EXPECT_EQ(state_bytes<float>(reducer), before);
    EXPECT_TRUE(step(reducer, y).committed);
  });
}

// Whatever two ranks register differently, all ranks are told the first difference.
std::string registration_error(const std::function<void(int rank, Reducer&)>& add,
                               const std::function<ReducerOptions(int rank)>& options) {
  return error_of([&](Communicator& communicator) {
    Reducer reducer(communicator, options(communicator.rank()));
    add(communicator.rank(), reducer);
    reducer.wait();
  });
}

TEST(BadInput, RanksThatRegisterDifferentThingsAreTold) {
  const auto same = [](int) { return ReducerOptions{}; };
  EXPECT_THAT(registration_error(
                  [](int rank, Reducer& r) {
                    r.add("w", {4, rank == 2 ? 5u : 4u});
                  },
                  same),
              HasSubstr("rank 0 \"tensor w 4x4 float32\", rank 2 \"tensor w 4x5 float32\""));
  EXPECT_THAT(
      registration_error([](int rank, Reducer& r) { r.add(rank == 1 ? "v" : "w", {4}); }, same),
      HasSubstr("\"tensor v 4 float32\""));
  EXPECT_THAT(registration_error(
                  [](int rank, Reducer& r) {
                    r.add("w", {4}, rank == 1 ? ElementType::float64 : ElementType::float32);
                  },
                  same),
              HasSubstr("float64"));
  EXPECT_THAT(registration_error(
                  [](int rank, Reducer& r) {
                    r.add("w", {4});
                    if (rank == 1) r.add("v", {4});
                  },
                  same),
              HasSubstr("rank 0 \"nothing\", rank 1 \"tensor v 4 float32\""));
  EXPECT_THAT(
      registration_error(
          [](int, Reducer& r) { r.add("w", {4}); },
          [](int rank) { return ReducerOptions{.compressor = rank == 2 ? "onebit" : "natural"}; }),
      HasSubstr("compressor=onebit"));
  EXPECT_THAT(registration_error([](int, Reducer& r) { r.add("w", {4}); },
                                 [](int rank) {
                                   return ReducerOptions{.seed = static_cast<std::uint64_t>(rank)};
                                 }),
              HasSubstr("seed=1"));
  EXPECT_THAT(registration_error([](int, Reducer& r) { r.add("w", {4}); },
                                 [](int rank) {
                                   return ReducerOptions{.divisor = rank == 1
                                                                        ? Divisor::participants
                                                                        : Divisor::ranks};
                                 }),
              HasSubstr("divisor=1"));
}

TEST(BadInput, ATensorRegisteredTwiceWithoutNameOrTooLateIsRefused) {
  const auto same = [](int) { return ReducerOptions{}; };
  const auto twice = [](int, Reducer& r) {
    r.add("w", {4});
    r.add("w", {4});
  };
  EXPECT_EQ(registration_error(twice, same), "add: tensor \"w\" is already registered");
  EXPECT_EQ(registration_error([](int, Reducer& r) { r.add("", {4}); }, same),
            "add: a tensor needs a name");
  const auto twice_on_one = [](int rank, Reducer& r) {
    r.add("w", {4});
    if (rank == 2) r.add("w", {4});
  };
  EXPECT_THAT(registration_error(twice_on_one, same),
              HasSubstr("rank 2 \"refused: add: tensor \"w\" is already registered\""));
  const auto late = step_error_of([](Communicator& communicator, Reducer& reducer) {
    std::vector<float> x(16);
    step(reducer, x);
    if (communicator.rank() == 1) reducer.add("v", {4});
    step(reducer, x);
  });
  EXPECT_EQ(late, "rank 1: add: tensor \"v\" comes after the first step");
}

TEST(BadInput, ARankThatCannotGoOnEndsTheStepOnAll) {
  const auto error = step_error_of([](Communicator& communicator, Reducer& reducer) {
    std::vector<float> x(16, 1.0f);
    if (communicator.rank() == 1) reducer.fail("the data ran out");
    step(reducer, x);
  });
  EXPECT_EQ(error, "rank 1: the data ran out");
}

TEST(BadInput, ACompressorThatDoesNotFitItsUnitIsRefused) {
  const auto error = error_of([](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = "lowrank(rank=2)", .unit = CompressedUnit::model});
    reducer.add("w", {4, 4});
    reducer.add("v", {4, 4});
    try {
      reducer.wait();
    } catch (const UsageError&) {
      EXPECT_TRUE(reducer.statistics().units.empty());
      throw;
    }
  });
  EXPECT_THAT(error, HasSubstr("lowrank"));
}

TEST(BadInput, NoiseThatFeedbackWouldAmplifyIsRefused) {
  const auto error = [](const char* compressor, const char* feedback) {
    return error_of([&](Communicator& communicator) {
      Reducer reducer(
          communicator,
          {.compressor = compressor, .feedback = feedback, .unit = CompressedUnit::model});
      reducer.add("w", {40, 4});
      std::vector<float> x(160);
      reducer.push("w", std::span(x));
      reducer.wait();
    });
  };
  constexpr const char* kTenth = "randomk(density=0.1,scale=unbiased)";
  constexpr const char* kTernary = "quantize(bits=2,range=qsgd)";  // over sharded
  EXPECT_THAT(error(kTenth, "ef14"), HasSubstr("contracts nothing"));
  EXPECT_THAT(error(kTenth, "ef_bv(lambda=0.2)"), HasSubstr("bears less than 9.0"));
  EXPECT_THAT(error(kTernary, "ef_bv"), HasSubstr("ef14(rescale=false), which bears less than 1"));
  constexpr const char* kBehind = "topk(k=40)|quantize(bits=2,range=qsgd)";  // 6.3, and a quarter
  EXPECT_THAT(error(kBehind, "ef14"), HasSubstr("bears less than 0.25"));
  EXPECT_THAT(error("threshold(value=1)|quantize(bits=2,range=qsgd)", "ef_bv"),
              HasSubstr("bears less than 0.0"));
  EXPECT_EQ(error(kBehind, "ef_bv"), "");
  EXPECT_EQ(error(kBehind, "none"), "");
  EXPECT_EQ(error("topk(k=40)|quantize(bits=4,range=qsgd)", "ef14"), "");  // 0.82
  EXPECT_EQ(error(kTenth, "ef_bv(lambda=0.19)"), "");
  EXPECT_EQ(error(kTenth, "ef_bv"), "");
  EXPECT_EQ(error(kTernary, "none"), "");
}

TEST(BadInput, ACompressorForAnotherNumberOfRanksIsRefused) {
  const auto error = [](const char* compressor, const char* exchange) {
    return error_of([&](Communicator& communicator) {
      Reducer reducer(communicator,
                      {.compressor = compressor, .feedback = "none", .exchange = exchange});
      reducer.add("w", {40, 40});
      std::vector<float> x(1600);
      reducer.push("w", std::span(x));
      reducer.wait();
    });
  };
  EXPECT_THAT(error("permk(ranks=7)", "natural"),
              HasSubstr("permk(ranks=7) over gather is for 7 ranks, not 3"));
  EXPECT_THAT(error("topk(k=9)|permk(ranks=7)", "gather"), HasSubstr("for 7 ranks, not 3"));
  EXPECT_THAT(error("topk(k=9)|permk(ranks=7)", "sparse"), HasSubstr("for 7 ranks, not 3"));
  EXPECT_EQ(error("topk(k=9)|permk(ranks=3)", "gather"), "");
}

TEST(BadInput, ABroadcastOfTheWrongSizeOrNameIsRefused) {
  const auto error = error_of([](Communicator& communicator) {
    Reducer reducer(communicator);
    reducer.add("w", {4});
    std::vector<float> x(5);
    reducer.broadcast("w", std::span(x));
  });
  EXPECT_THAT(error, HasSubstr("tensor \"w\" has 4 elements, not 5"));
}

// Of equal size, so that nothing but the comparison could tell.
TEST(BadInput, ABroadcastOfDifferentTensorsSizesOrTypesIsRefused) {
  const auto broadcast_error = [](const std::function<void(int, Reducer&)>& broadcast) {
    return error_of([&](Communicator& communicator) {
      Reducer reducer(communicator);
      reducer.add("w", {4});
      reducer.add("v", {4});
      broadcast(communicator.rank(), reducer);
    });
  };
  EXPECT_EQ(
      broadcast_error([](int rank, Reducer& r) {
        std::vector<float> values(4);
        r.broadcast(rank == 2 ? "v" : "w", std::span(values));
      }),
      "broadcast: the ranks give different things: rank 0 \"tensor \"w\" float32, 16 bytes\", "
      "rank 2 \"tensor \"v\" float32, 16 bytes\"");
  EXPECT_THAT(broadcast_error([](int rank, Reducer& r) {
                std::vector<float> values(rank == 1 ? 5 : 4);
                r.broadcast("w", std::span(values));
              }),
              HasSubstr("20 bytes"));
  EXPECT_THAT(broadcast_error([](int rank, Reducer& r) {
                std::vector<float> floats(4);
                std::vector<double> doubles(2);
                rank == 1 ? r.broadcast("w", std::span(doubles))
                          : r.broadcast("w", std::span(floats));
              }),
              HasSubstr("float64, 16 bytes"));
}

}  // namespace
}  // namespace pith::test
