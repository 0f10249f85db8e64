// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/compressors/density_warm_up.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/core/random.h>
#include <pith/reducer/reducer.h>

// E1, E2, ...: the numbered tests of Deep Gradient Compression, over a reducer.
namespace pith::test {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;
using Vector = std::vector<double>;

ReducerOptions options(const std::string& feedback, const std::string& compressor,
                       const std::string& exchange = "gather") {
  set_log_level(LogLevel::none);
  TensorRule rule;
  rule.compressor = compressor;
  rule.feedback = feedback;
  rule.exchange = compressor == "none" ? "natural" : exchange;
  return {.rules = {rule}};
}

/// One rank's tensor x.
template <Element T = double>
class Rank {
 public:
  Rank(Communicator& communicator, const ReducerOptions& options, std::size_t n)
      : reducer_(communicator, options) {
    reducer_.add("x", Shape{n}, element_type<T>);
  }

  std::vector<T> exchange(std::vector<T> gradient) {
    reducer_.push("x", std::span(gradient));
    EXPECT_TRUE(reducer_.wait().committed);
    return gradient;
  }

  std::vector<T> state(const std::string& name) {
    for (const auto& state : reducer_.states<T>()) {
      if (state.name == "x/" + name) return {state.values.begin(), state.values.end()};
    }
    return {};
  }

 private:
  Reducer reducer_;
};

void expect_near(const Vector& x, const Vector& expected) {
  ASSERT_EQ(x.size(), expected.size());
  for (std::size_t j = 0; j < x.size(); ++j) EXPECT_NEAR(x[j], expected[j], 1e-14) << j;
}

// Both ranks push the same, so the mean is what each sends.
TEST(Dgc, E1SendsTheWorkedSequence) {
  const std::vector<Vector> golden{{1, 0},       {1, 0},   {1, 0}, {1, 0},
                                   {0, 1.31441}, {2.9, 0}, {1, 0}, {1, 0}};
  for (const char* const exchange : {"gather", "sharded", "sparse"}) {
    run_local(2, [&](Communicator& communicator) {
      Rank rank(communicator, options("dgc", "topk(k=1)", exchange), 2);
      for (std::size_t t = 0; t < golden.size(); ++t) {
        SCOPED_TRACE(std::string(exchange) + ", step " + std::to_string(t + 1));
        expect_near(rank.exchange({1, 0.1}), golden[t]);
        if (t == 3) {  // so that step 5 composes (1, 1.31441), of a momentum of (1, 0.40951)
          expect_near(rank.state("momentum"), {0, (0.40951 - 0.1) / 0.9});
          expect_near(rank.state("residual"), {0, 1.31441 - 0.40951});
        }
        if (t == 4) {  // the first element was not sent, the second one was
          expect_near(rank.state("momentum"), {1, 0});
          expect_near(rank.state("residual"), {1, 0});
        }
      }
    });
  }
}

TEST(Dgc, E1WithoutMaskingSendsMomentumAtOnce) {
  run_local(2, [](Communicator& communicator) {
    Rank rank(communicator, options("dgc(masking=false)", "topk(k=1)"), 2);
    expect_near(rank.exchange({1, 0.1}), {1, 0});
    expect_near(rank.exchange({1, 0.1}), {1.9, 0});
  });
}

// Sums of whole numbers with a momentum of 1/2 are exact, whoever adds them, for so many steps.
constexpr int kExactSteps = 20;

double whole_number(int step, std::size_t rank, std::size_t element) {
  const Random random(
      {.step = static_cast<std::uint64_t>(step), .rank = static_cast<std::uint32_t>(rank)});
  return static_cast<double>(random.below(9, element)) - 4;
}

// Fails where the estimates of four ranks differ in a bit from the momentum of the mean gradient.
void expect_momentum_sgd(const std::string& feedback, const std::string& compressor,
                         const std::string& exchange) {
  constexpr std::size_t kRanks = 4;
  constexpr std::size_t kElements = 8;
  run_local(kRanks, [&](Communicator& communicator) {
    const auto mine = static_cast<std::size_t>(communicator.rank());
    Rank rank(communicator, options(feedback, compressor, exchange), kElements);
    Vector velocity(kElements);
    for (int t = 0; t < kExactSteps; ++t) {
      Vector gradient(kElements);
      for (std::size_t j = 0; j < kElements; ++j) {
        double mean = 0;
        for (std::size_t r = 0; r < kRanks; ++r) mean += whole_number(t, r, j) / kRanks;
        velocity[j] = 0.5 * velocity[j] + mean;
        gradient[j] = whole_number(t, mine, j);
      }
      ASSERT_EQ(rank.exchange(gradient), velocity)
          << feedback << ", " << compressor << " over " << exchange << ", step " << t;
    }
  });
}

TEST(Dgc, E2WithoutMaskingAllIsMomentumSgdBitForBit) {
  for (const char* const exchange : {"gather", "sharded", "sparse"}) {
    expect_momentum_sgd("dgc(momentum=0.5,masking=false)", "topk(density=1)", exchange);
  }
}

// Whatever sends everything masks nothing, or there would be no momentum.
TEST(Dgc, E2AllTakesTheDensePath) {
  for (const char* const compressor : {"none", "identity", "topk(density=1)"}) {
    expect_momentum_sgd("dgc(momentum=0.5)", compressor, "gather");
  }
}

// The last of eight elements is zero at first, so all that is not zero is sent, and masked.
TEST(Dgc, E2AllButOneIsMasked) {
  run_local(2, [](Communicator& communicator) {
    Rank rank(communicator, options("dgc", "topk(k=7)"), 8);
    const Vector gradient{1, 2, 3, 4, 5, 6, 7, 0};
    for (int t = 0; t < 3; ++t) EXPECT_EQ(rank.exchange(gradient), gradient);
    EXPECT_EQ(rank.state("momentum"), Vector(8));
  });
}

// Signs of every element are no choice of elements.
TEST(Dgc, AMessageOfEveryElementMasksNothing) {
  run_local(2, [](Communicator& communicator) {
    Rank rank(communicator, options("dgc(momentum=0.5)", "onebit", "sharded"), 4);
    rank.exchange({1, -2, 3, -4});
    rank.exchange({1, -2, 3, -4});
    EXPECT_EQ(rank.state("momentum"), (Vector{1.5, -3, 4.5, -6}));
  });
}

// All are chosen although what is rounded does not arrive whole; a cast chooses none.
TEST(Dgc, ATopKOfAllRoundedElementsMasksThemAndACastDoesNot) {
  run_local(2, [](Communicator& communicator) {
    Rank top(communicator, options("dgc(momentum=0.5)", "topk(density=1,values=bf16)"), 4);
    Rank cast(communicator, options("dgc(momentum=0.5)", "cast(bf16)", "sharded"), 4);
    for (Rank<>* rank : {&top, &cast}) {
      rank->exchange({1, -2, 3, -4});
      rank->exchange({1, -2, 3, -4});
    }
    EXPECT_EQ(top.state("momentum"), Vector(4));
    EXPECT_EQ(cast.state("momentum"), (Vector{1.5, -3, 4.5, -6}));
  });
}

TEST(Dgc, E3NesterovLooksAhead) {
  run_local(2, [](Communicator& communicator) {
    Rank rank(communicator, options("dgc(nesterov=true)", "topk(k=1)"), 2);
    expect_near(rank.exchange({1, 2}), {0, 3.8});
    expect_near(rank.state("momentum"), {0.9, 0});
    expect_near(rank.state("residual"), {1.9, 0});
  });
}

// One density per two steps of 4,000 elements.
TEST(Dgc, E4WarmsUpByTheListOfThePaper) {
  constexpr double kPublished[] = {1.0 / 4, 1.0 / 16, 1.0 / 64, 1.0 / 250, 1.0 / 1000};
  const std::string schedule = density_warm_up(kPublished, 2);
  EXPECT_EQ(schedule,
            "topk(density=0.25)@2,topk(density=0.0625)@2,topk(density=0.015625)@2,"
            "topk(density=0.004)@2,topk(density=0.001)");
  run_local(2, [&](Communicator& communicator) {
    Vector gradient(4000);
    for (std::size_t j = 0; j < gradient.size(); ++j) gradient[j] = 1 + static_cast<double>(j);
    Rank rank(communicator, options("dgc", schedule), gradient.size());
    for (const long kept : {1000, 1000, 250, 250, 63, 63, 16, 16, 4, 4, 4}) {
      const Vector sent = rank.exchange(gradient);
      EXPECT_EQ(4000 - std::ranges::count(sent, 0.0), kept);
    }
  });
}

TEST(Dgc, E4WarmsUpByTheCoefficientOfThePublicCode) {
  const double coefficient = std::pow(0.001, 1.0 / 6);  // of five epochs before a density of 0.001
  const auto densities = warm_up_densities(coefficient, 5);
  ASSERT_EQ(densities.size(), 5u);
  for (std::size_t epoch = 0; epoch < 5; ++epoch) {
    EXPECT_NEAR(densities[epoch], std::pow(coefficient, epoch + 1), 1e-15);
  }
  EXPECT_NEAR(densities[0], 0.316, 0.0005);
  EXPECT_NEAR(densities[4], 0.00316, 0.000005);
}

TEST(Dgc, AWarmUpThatCannotBeIsRefused) {
  const std::vector<double> none;
  const std::vector<double> wrong{0.25, 1.5};
  EXPECT_THAT([&] { density_warm_up(none, 2); },
              ThrowsMessage<UsageError>(HasSubstr("no density")));
  EXPECT_THAT([&] { density_warm_up(wrong, 2); }, ThrowsMessage<UsageError>(HasSubstr("1.5")));
  EXPECT_THAT([&] { density_warm_up(std::span(wrong).first(1), 0); },
              ThrowsMessage<UsageError>(HasSubstr("step")));
  EXPECT_THAT([] { warm_up_densities(0, 2); }, ThrowsMessage<UsageError>(HasSubstr("0 must be")));
}

// On biases as on matrices: a dense start leaves the momentum, and nothing that waits.
TEST(Dgc, ADenseStepSendsWhatWaitsAndKeepsMomentum) {
  run_local(2, [](Communicator& communicator) {
    Rank rank(communicator, options("dgc(momentum=0.5)", "none@1,topk(k=1)@1,none@1,topk(k=1)"), 2);
    EXPECT_EQ(rank.exchange({4, 8}), (Vector{4, 8}));
    EXPECT_EQ(rank.state("momentum"), (Vector{4, 8}));
    EXPECT_EQ(rank.exchange({4, 8}), (Vector{0, 12}));
    EXPECT_EQ(rank.exchange({4, 8}), (Vector{6 + 7, 8}));
    EXPECT_EQ(rank.state("residual"), (Vector{0, 0}));
    EXPECT_EQ(rank.state("momentum"), (Vector{7, 8}));
  });
}

// What rounding drops stays; fp16's is a float, so sent and kept make up the composed bit for bit.
TEST(Dgc, E8NarrowValuesLoseNothing) {
  constexpr std::size_t kElements = 1000;
  for (const bool fp16 : {true, false}) {
    const std::string compressor =
        fp16 ? "topk(density=0.1,values=fp16)" : "topk(density=0.1)|quantize(bits=4)";
    run_local(1, [&](Communicator& communicator) {
      Rank<float> rank(communicator, options("dgc(masking=false)", compressor), kElements);
      const Random random({});
      int rounded = 0;
      for (std::uint64_t t = 0; t < 20; ++t) {
        std::vector<float> gradient(kElements);
        for (std::size_t j = 0; j < kElements; ++j) {
          gradient[j] = static_cast<float>(random.normal(t * kElements + j));
        }
        const auto before = rank.state("residual");
        const auto sent = rank.exchange(gradient);
        const auto momentum = rank.state("momentum");
        const auto after = rank.state("residual");
        for (std::size_t j = 0; j < kElements; ++j) {
          const float composed = before[j] + momentum[j];
          ASSERT_EQ(after[j], composed - sent[j]) << compressor << ", step " << t;
          ASSERT_TRUE(!fp16 || after[j] + sent[j] == composed) << "step " << t;
          rounded += sent[j] != 0 && after[j] != 0 ? 1 : 0;
        }
      }
      EXPECT_GT(rounded, 1000);  // of 2,000 values
    });
  }
}

}  // namespace
}  // namespace pith::test
