// SPDX-License-Identifier: Apache-2.0
// Steps in which nothing is compressed and nothing is kept: gradients are averaged where they are.
#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/reducer/reducer.h>

namespace pith::test {
namespace {

constexpr std::size_t kLarge = 300'000;  // averaged by itself

struct Gradients {
  std::vector<float> large = std::vector<float>(kLarge);
  std::vector<float> small = std::vector<float>(7);
  std::vector<double> wide = std::vector<double>(kLarge);
  std::vector<Half> half = std::vector<Half>(5);

  void fill(float value) {
    large.assign(large.size(), value);
    small.assign(small.size(), 2 * value);
    wide.assign(wide.size(), 3.0 * static_cast<double>(value));
    half.assign(half.size(), to_half(4 * value));
  }

  bool holds(float value) const {
    Gradients other;
    other.fill(value);
    return large == other.large && small == other.small && wide == other.wide &&
           to_float(half.front()) == 4 * value && to_float(half.back()) == 4 * value;
  }
};

void add_all(Reducer& reducer) {
  reducer.add("large", {kLarge});
  reducer.add("small", {7});
  reducer.add("wide", {kLarge}, ElementType::float64);
  reducer.add("half", {5}, ElementType::float16);
}

void push_all(Reducer& reducer, Gradients& x) {
  reducer.push("large", std::span(x.large));
  reducer.push("small", std::span(x.small));
  reducer.push("wide", std::span(x.wide));
  reducer.push("half", std::span(x.half));
}

TEST(PlainStep, AveragesTensorsOfEverySizeAndType) {
  for (const int ranks : {1, 2, 3, 4}) {
    run_local(ranks, [&](Communicator& communicator) {
      Reducer reducer(communicator, {.feedback = "none"});
      add_all(reducer);
      Gradients x;
      for (int step = 1; step <= 3; ++step) {
        x.fill(static_cast<float>(step * (communicator.rank() + 1) * ranks));
        push_all(reducer, x);
        ASSERT_TRUE(reducer.wait().committed);
        EXPECT_TRUE(x.holds(static_cast<float>(step * ranks * (ranks + 1) / 2)));
      }
    });
  }
}

// One agreement before it, and another one behind it only if a rank cannot go this way.
TEST(PlainStep, AgreesOnceUnlessARankTakesNoPart) {
  run_local(3, [](Communicator& communicator) {
    Reducer reducer(communicator, {.feedback = "none"});
    reducer.add("x", {kLarge});
    std::vector<float> x(kLarge, 6.0f);
    const auto step = [&](bool skips) {
      const std::uint64_t before = communicator.wire_bytes();
      if (skips && communicator.rank() == 1) {
        reducer.skip("x", std::span(x));
      } else {
        reducer.push("x", std::span(x));
      }
      EXPECT_TRUE(reducer.wait().committed);
      return communicator.wire_bytes() - before;
    };
    constexpr std::uint64_t kMean = (2 * 2 * 4 * kLarge + 2) / 3;
    step(false);
    EXPECT_EQ(step(false), kMean + 2 * 16);
    EXPECT_EQ(x, std::vector<float>(kLarge, 6.0f));
    EXPECT_EQ(step(true), kMean + 2 * (16 + 16));
    EXPECT_EQ(x, std::vector<float>(kLarge, 4.0f));
    EXPECT_EQ(step(false), kMean + 2 * 16);
  });
}

// A rank that took no part when the others sent what they had kept still has it, and goes last.
TEST(PlainStep, WaitsForTheLastResidual) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = "topk(k=1)@1,none", .feedback = "ef14"});
    reducer.add("x", {2, 1024});
    std::vector<float> x;
    double received = 0;
    for (int step = 0; step < 4; ++step) {
      x.assign(2048, communicator.rank() == 0 ? 1.0f : 3.0f);
      if (step == 1 && communicator.rank() == 1) {
        reducer.skip("x", std::span(x));
      } else {
        reducer.push("x", std::span(x));
      }
      ASSERT_TRUE(reducer.wait().committed);
      for (const float value : x) received += static_cast<double>(value);
    }
    EXPECT_EQ(received, 2048 * (4 * 0.5 + 3 * 1.5));  // all that was pushed
  });
}

TEST(PlainStep, ThatIsNotFiniteLeavesTheSameMeansOnAllRanks) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator, {.feedback = "none"});
    reducer.add("a", {kLarge});
    reducer.add("b", {kLarge});
    std::vector<float> a(kLarge, 1.0f);
    std::vector<float> b(kLarge, 2.0f * static_cast<float>(communicator.rank()));
    if (communicator.rank() == 1) a[299'999] = std::numeric_limits<float>::quiet_NaN();
    reducer.push("a", std::span(a));
    reducer.push("b", std::span(b));
    const StepResult result = reducer.wait();
    EXPECT_FALSE(result.committed);
    EXPECT_THAT(result.reason, testing::HasSubstr("rank 1: a: element 299999 is nan"));
    EXPECT_TRUE(std::isnan(a[299'999]));
    EXPECT_EQ(a[0], 1.0f);
    EXPECT_EQ(b, std::vector<float>(kLarge, 1.0f));
    a.assign(kLarge, 5.0f);
    reducer.push("a", std::span(a));
    reducer.push("b", std::span(b));
    EXPECT_TRUE(reducer.wait().committed);
    EXPECT_EQ(a, std::vector<float>(kLarge, 5.0f));
  });
}

// A small one's mean is joined with others before; rank 0 must not go on by itself.
TEST(PlainStep, TellsEveryRankOfANanInASmallTensor) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator, {.feedback = "none"});
    add_all(reducer);
    Gradients x;
    x.fill(1.0f);
    if (communicator.rank() == 1) x.small[3] = std::numeric_limits<float>::infinity();
    push_all(reducer, x);
    const StepResult result = reducer.wait();
    EXPECT_FALSE(result.committed);
    EXPECT_THAT(result.reason, testing::HasSubstr("rank 1: small: element 3 is inf"));
    x.fill(2.0f);
    push_all(reducer, x);
    EXPECT_TRUE(reducer.wait().committed);
    EXPECT_TRUE(x.holds(2.0f));
  });
}

TEST(PlainStep, OfARankWithAMistakeLeavesEveryGradientAsItWas) {
  run_local(3, [](Communicator& communicator) {
    Reducer reducer(communicator, {.feedback = "none"});
    add_all(reducer);
    Gradients x;
    x.fill(static_cast<float>(communicator.rank()));
    push_all(reducer, x);
    if (communicator.rank() == 2) reducer.push("large", std::span(x.large));
    EXPECT_THROW(reducer.wait(), UsageError);
    EXPECT_TRUE(x.holds(static_cast<float>(communicator.rank())));
  });
}

TEST(PlainStep, OfRanksThatGiveOtherOptionsIsAnErrorForAll) {
  run_local(2, [](Communicator& communicator) {
    Reducer reducer(communicator, {.feedback = "none"});
    reducer.add("x", {kLarge});
    std::vector<float> x(kLarge, 1.0f);
    reducer.push("x", std::span(x));
    EXPECT_THROW(reducer.wait({.learning_rate = 0.1 * (communicator.rank() + 1)}), UsageError);
  });
}

}  // namespace
}  // namespace pith::test
