// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"

// U9: what a compressor promises, on inputs that are hard in different ways.
namespace pith::test {
namespace {

class U9 : public testing::TestWithParam<std::string> {};

/// Mean over random keys of ||x - decode(x)||^2 / ||x||^2, and its standard error.
struct RelativeError {
  double mean = 0;
  double standard_error = 0;
};

template <Element T>
RelativeError relative_error(MessageCodec<T>& codec, const std::vector<T>& x) {
  constexpr int kTrials = 50;
  const double norm = squared_distance(x, constant(x.size(), T{0}));
  double sum = 0;
  double squares = 0;
  for (std::uint64_t step = 0; step < kTrials; ++step) {
    const double error = squared_distance(x, codec.code(x, {.seed = 9, .step = step})) / norm;
    sum += error / kTrials;
    squares += error * error / kTrials;
  }
  return {sum, std::sqrt(std::max(0.0, squares - sum * sum) / kTrials)};
}

template <Element T>
std::map<std::string, std::vector<T>> hard_inputs(std::size_t n) {
  auto extremes = constant(n, T{0});  // two levels and all others in the middle between levels
  extremes.front() = 1;
  extremes.back() = -1;
  return {{"gaussian", gaussian<T>(n)},     {"one-hot", one_hot<T>(n)},
          {"constant", constant(n, T{-2})}, {"four thirds", constant(n, T{4} / 3)},
          {"geometric", geometric<T>(n)},   {"extremes", extremes}};
}

template <Element T>
void expect_guarantee(MessageCodec<T>& codec, const std::vector<T>& x) {
  const Guarantee guarantee = codec->guarantee(x.size());
  const RelativeError error = relative_error(codec, x);
  const double slack = 5 * error.standard_error + 1e-6;
  if (guarantee.contraction) {
    EXPECT_GT(*guarantee.contraction, 0);
    EXPECT_LE(*guarantee.contraction, 1);
    EXPECT_LE(error.mean, 1 - *guarantee.contraction + slack);
  }
  if (guarantee.variance) {
    EXPECT_LE(error.mean, *guarantee.variance + guarantee.bias * guarantee.bias + slack);
  }
}

TEST_P(U9, ErrorIsWithinTheGuarantee) {
  for_each_type([](auto zero) {
    MessageCodec<decltype(zero)> codec(GetParam());
    for (const std::size_t n : {1u, 2u, 3u, 33u, 1000u}) {
      for (const auto& [name, x] : hard_inputs<decltype(zero)>(n)) {
        SCOPED_TRACE(name + " of " + std::to_string(n));
        expect_guarantee(codec, x);
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(All, U9, testing::ValuesIn(message_specs()), test_name);

Guarantee guarantee(const char* spec, std::size_t n) {
  return MessageCodec<float>(spec)->guarantee(n);
}

TEST(U9, ContractionHoldsOnGaussianAndOneHot) {
  for (const char* spec : {"onebit", "onebit(block=16)", "topk(density=0.01)", "cast(bf16)"}) {
    MessageCodec<double> codec(spec);
    ASSERT_TRUE(codec->guarantee(1000).contraction) << spec;
    expect_guarantee(codec, gaussian<double>(1000));
    expect_guarantee(codec, one_hot<double>(1000));
  }
}

TEST(Guarantee, FollowsTheClosedForms) {
  EXPECT_EQ(guarantee("identity", 10).contraction, 1.0);
  EXPECT_EQ(guarantee("identity", 10).variance, 0.0);
  EXPECT_EQ(guarantee("topk(density=0.01)", 1000).contraction, 0.01);
  EXPECT_EQ(guarantee("topk(k=3)", 12).contraction, 0.25);
  EXPECT_EQ(guarantee("blocktopk(k=4,block=64)", 1000).contraction, 1.0 / 16);
  EXPECT_EQ(guarantee("blocktopk(k=4)", 16).contraction, 0.25);
  EXPECT_EQ(guarantee("onebit", 1000).contraction, 1.0 / 1000);
  EXPECT_EQ(guarantee("onebit(block=64)", 1000).contraction, 1.0 / 64);
  EXPECT_EQ(guarantee("onebit(block=64,scale=sides)", 1000).contraction, 1.0 / 64);
  EXPECT_EQ(guarantee("onebit(block=64,scale=deviation)", 1000).contraction, 2.0 / 64);
  EXPECT_EQ(guarantee("onebit(scale=deviation)", 1).contraction, 1.0);
  EXPECT_EQ(guarantee("natural", 1).variance, 0.125);
  EXPECT_EQ(guarantee("natural", 1).contraction, 0.875);
  EXPECT_EQ(guarantee("cast(bf16)", 1).contraction, 1 - 0x1p-16);
  EXPECT_EQ(guarantee("quantize(bits=8)", 1000).contraction, 1 - 510.0 / (2 * 255 * 255));
  EXPECT_EQ(guarantee("quantize(bits=4,bucket=18,rounding=stochastic)", 90).variance, 16.0 / 450);
  EXPECT_EQ(guarantee("quantize(bits=2,range=qsgd)", 16).variance, 4.0);
  EXPECT_EQ(guarantee("quantize(bits=5,range=qsgd)", 15).variance, 1.0 / 15);
  EXPECT_EQ(guarantee("quantize(bits=5,range=qsgd,levels=4)", 16).variance, 1.0);
  EXPECT_EQ(guarantee("quantize(bits=8,range=qsgd,rounding=nearest)", 127).contraction,
            1 - 1.0 / (4 * 127));
  EXPECT_EQ(guarantee("quantize(bits=3,range=deviation)", 16).contraction, 1 - 16.0 / 49);
  EXPECT_NEAR(*guarantee("quantize(bits=4,range=deviation)", 512).contraction,
              16 * (1 - 1.0 / 225) / 512, 1e-15);
  constexpr double kRounded = 1 - 0x1p-16;  // to bf16
  EXPECT_DOUBLE_EQ(*guarantee("levels(bits=2)", 1000).contraction, kRounded * 2 / 17);
  EXPECT_DOUBLE_EQ(*guarantee("levels(bits=2,block=81)", 1000).contraction, kRounded * 2 / 10);
  EXPECT_DOUBLE_EQ(*guarantee("levels(bits=4)", 1).contraction, kRounded);
  EXPECT_DOUBLE_EQ(*guarantee("levels(bits=4,block=100)", 1000).contraction,
                   (1 - 1.0 / 65025) / (1 + 98 * 257.0 * 257 / (256 * 256 * 4 * 49.0)));
}

TEST(Guarantee, IsEmptyWhereNothingHoldsForEveryInput) {
  for (const char* spec :
       {"cast(fp16)", "threshold(value=1)", "topk(k=9,sample=0.05)", "onebit(scale=l2)",
        "quantize(bits=4)", "quantize(bits=2,range=qsgd,rounding=nearest)",
        "quantize(bits=2,range=deviation)", "quantize(range=deviation,rounding=stochastic)",
        "topk(density=0.5)|onebit(scale=l2)", "threshold(value=1)|natural"}) {
    EXPECT_FALSE(guarantee(spec, 1000).contraction) << spec;
    EXPECT_FALSE(guarantee(spec, 1000).variance) << spec;
  }
  EXPECT_FALSE(guarantee("quantize(bits=2,range=qsgd)", 1000).contraction);
}

TEST(Guarantee, OfACompositionIsTheProductOfItsContractions) {
  EXPECT_EQ(guarantee("topk(k=5,values=bf16)", 10).contraction, 0.5 * (1 - 0x1p-16));
  EXPECT_EQ(guarantee("topk(k=4)|onebit", 16).contraction, 0.25 * 0.25);
  EXPECT_TRUE(guarantee("topk(k=5,values=bf16)", 10).contraction_is_typical);
  EXPECT_FALSE(guarantee("topk(k=4)|onebit", 16).contraction_is_typical);
}

TEST(Guarantee, OfNoiseBehindASelectionIsTheNoiseAndWhatIsDropped) {
  const char* noisy = "topk(k=25)|quantize(bits=2,range=qsgd)";
  EXPECT_FALSE(guarantee(noisy, 100).contraction);
  EXPECT_EQ(guarantee(noisy, 100).variance, 5.0);  // sqrt(25) / 1
  EXPECT_EQ(guarantee(noisy, 100).bias, std::sqrt(0.75));
  EXPECT_EQ(guarantee("topk(k=25)|topk(k=20)|quantize(bits=2,range=qsgd)", 100).bias,
            std::sqrt(1 - 0.25 * 0.8));
  EXPECT_EQ(guarantee("topk(k=100)|quantize(bits=2,range=qsgd)", 100).bias, 0);
  EXPECT_EQ(guarantee("topk(k=100)|natural", 100).variance, 0.125);
  EXPECT_EQ(guarantee("threshold(value=1)|quantize(bits=2,range=qsgd)", 100).bias, 1);
  EXPECT_EQ(guarantee("topk(k=25)|permk(ranks=4)", 100).ranks, 4u);
  EXPECT_EQ(guarantee("topk(k=25)|permk(ranks=4)|zstd", 100).variance, 3.0);
}

// The bounds are reached, so they cannot be smaller.
TEST(Guarantee, IsTightOnTheWorstInputs) {
  const auto error = [](const char* spec, const std::vector<double>& x) {
    MessageCodec<double> codec(spec);
    return relative_error(codec, x).mean;
  };
  auto extremes = constant(18, 0.0);
  extremes.front() = 1;
  extremes.back() = -1;
  EXPECT_NEAR(error("quantize(bits=4)", extremes), 16.0 / 450, 1e-12);
  EXPECT_NEAR(error("onebit", one_hot<double>(64)), 1 - 1.0 / 64, 1e-12);
  EXPECT_NEAR(error("onebit(scale=l2)", one_hot<double>(16)), 1.5, 1e-12);
  EXPECT_NEAR(error("onebit(scale=l2)", one_hot<double>(1024)), 1.9375, 1e-12);
  EXPECT_NEAR(error("onebit(scale=sides)", one_hot<double>(64)), 1 - 1.0 / 64, 1e-12);
  EXPECT_NEAR(error("onebit(scale=deviation)", extremes), 1 - 2.0 / 18, 1e-12);
  EXPECT_NEAR(error("topk(k=1)", constant(4, 2.0)), 0.75, 1e-12);
  EXPECT_NEAR(error("natural", constant(1000, 4.0 / 3)), 0.125, 0.002);
}

}  // namespace
}  // namespace pith::test
