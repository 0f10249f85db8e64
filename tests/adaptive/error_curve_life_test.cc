// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>

#include "adaptive/curve_data.h"
#include "compressors/message_codec.h"
#include "support/allocation_counter.h"

namespace pith::test {
namespace {

const std::vector<std::string> kSome{"none",           "topk(density=0.1)",   "quantize(bits=4)",
                                     "onebit",         "lowrank(rank=2)",     "natural",
                                     "levels(bits=4)", "randomk(density=0.5)"};
const std::vector<std::string> kSampled{"topk(density=0.1)", "quantize(bits=4)"};

// Notes what is peeked at; nothing may be taken.
class Watched final : public Source<float> {
 public:
  explicit Watched(std::size_t n) : x_(data<float>("gaussian", n)) {}

  std::size_t size() const override { return x_.size(); }
  void peek(Range range, std::span<float> out) const override {
    begins.insert(range.begin);
    elements += range.size();
    std::ranges::copy(slice(std::span<const float>(x_), range), out.begin());
  }
  std::span<const float> take(Range) override { throw Error("taken"); }
  std::span<const float> taken() override { throw Error("taken"); }
  void sent(Range, const Decoded<float>&) override { throw Error("sent"); }

  mutable std::set<std::size_t> begins;
  mutable std::size_t elements = 0;

 private:
  std::vector<float> x_;
};

TEST(ErrorCurve, SamplingReadsOneRunInSoMany) {
  constexpr std::size_t kCount = std::size_t{1} << 21;
  ErrorCurve<float> curve(pipelines(kSampled), Shape::flat(kCount));
  Scratch scratch;
  std::set<std::size_t> before;
  for (std::uint64_t step = 0; step < 3; ++step) {
    const Watched x(kCount);
    curve.observe(x, {.step = step}, scratch);
    EXPECT_EQ(x.elements, kCount / Sampling{}.one_in);
    EXPECT_EQ(*x.begins.rbegin() % 512, 0u);
    EXPECT_NE(x.begins, before);
    before = x.begins;
  }
}

TEST(ErrorCurve, SmallTensorsAreReadInMoreOfTheirRuns) {
  const Watched x(100 * 512);
  ErrorCurve<float> curve(pipelines(kSampled), Shape::flat(x.size()));
  Scratch scratch;
  curve.observe(x, {}, scratch);
  EXPECT_EQ(x.elements, Sampling{}.least_runs * 512);
}

TEST(ErrorCurve, AllIsReadOnceWhereThatIsAskedFor) {
  const Watched x(100'001);
  ErrorCurve<float> curve(pipelines(kSampled), Shape::flat(x.size()), {.one_in = 1});
  Scratch scratch;
  curve.observe(x, {}, scratch);
  EXPECT_EQ(x.elements, x.size());
}

// Each step looks elsewhere, so that what one sees of a lone outlier, the mean over many sees well.
TEST(ErrorCurve, RunsAreAllEquallyLikely) {
  constexpr std::size_t kRuns = 200;
  const Watched x(kRuns * 512);
  ErrorCurve<float> curve(pipelines(kSampled), Shape::flat(x.size()));
  Scratch scratch;
  std::vector<int> seen(kRuns);
  constexpr int kSteps = 2000;
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    x.begins.clear();
    curve.observe(x, {.step = step}, scratch);
    for (const std::size_t begin : x.begins) ++seen[begin / 512];
  }
  const double share = double(Sampling{}.least_runs) / kRuns;
  for (const int count : seen) EXPECT_NEAR(count, share * kSteps, 0.2 * share * kSteps);
}

TEST(ErrorCurve, OfZerosIsZero) {
  const std::vector<float> x(600);
  auto curve = curve_of(kSome, {20, 30}, x);
  EXPECT_EQ(curve.steps(), 1);
  EXPECT_EQ(curve.squared_norm(), 0);
  EXPECT_THAT(curve.squared_errors(), testing::Each(0));
}

TEST(ErrorCurve, OfOneElementIsThatOfRoundingIt) {
  auto curve = curve_of(kSome, {1, 1}, std::vector<float>{3});
  EXPECT_EQ(curve.squared_norm(), 9);
  const auto errors = curve.squared_errors();
  for (std::size_t i = 0; i < kSome.size(); ++i) {
    const double error = kSome[i] == "natural" ? 1 : 0;  // 2 or 4
    EXPECT_NEAR(errors[i], error, 1e-4) << kSome[i];
  }
}

TEST(ErrorCurve, OfNoElementIsZero) {
  auto curve = curve_of(kSome, {0, 5}, std::vector<float>{});
  EXPECT_EQ(curve.steps(), 1);
  EXPECT_THAT(curve.squared_errors(), testing::Each(0));
  EXPECT_THAT(curve.expected_bytes(), testing::Each(0));
}

TEST(ErrorCurve, OfNoCandidatesHasTheNorm) {
  auto curve = curve_of({}, {2, 2}, std::vector<double>{1, 2, 3, 4});
  EXPECT_EQ(curve.squared_norm(), 30);
  EXPECT_THAT(curve.squared_errors(), testing::IsEmpty());
}

TEST(ErrorCurve, LeavesOutStepsThatAreNotFinite) {
  for (const float odd :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    for (const auto& specs : {kSome, kSampled}) {
      ErrorCurve<float> curve(pipelines(specs), {20, 30});
      Scratch scratch;
      auto x = data<float>("gaussian", 600);
      ASSERT_TRUE(curve.observe(WholeSource<float>(x), {.step = 0}, scratch));
      const auto errors = curve.squared_errors();
      x[300] = odd;
      EXPECT_FALSE(curve.observe(WholeSource<float>(x), {.step = 1}, scratch));
      EXPECT_EQ(curve.steps(), 1);
      EXPECT_EQ(curve.left_out(), 1);
      EXPECT_EQ(curve.squared_errors(), errors);
    }
  }
}

TEST(ErrorCurve, LeavesOutSquaresThatNoDoubleHolds) {
  auto curve = curve_of(kSampled, {2, 2}, std::vector<double>{1e200, 1, 2, 3});
  EXPECT_EQ(curve.left_out(), 1);
  EXPECT_THAT(curve.squared_errors(), testing::Each(0));
}

TEST(ErrorCurve, ErrorsScaleWithTheSquareOfTheData) {
  const auto x = data<float>("heavy", 600);
  const auto errors = curve_of(kSome, {20, 30}, x).squared_errors();
  for (const float factor : {0x1p-30f, 0x1p30f}) {
    auto scaled = x;
    for (float& v : scaled) v *= factor;
    const auto of_scaled = curve_of(kSome, {20, 30}, scaled).squared_errors();
    for (std::size_t i = 0; i < kSome.size(); ++i) {
      EXPECT_NEAR(of_scaled[i] / factor / factor, errors[i], 1e-6 * errors[i]) << kSome[i];
    }
  }
}

TEST(ErrorCurve, IsTheMeanOverStepsSinceItsReset) {
  const auto x = data<float>("gaussian", 600, 1);
  const auto y = data<float>("gaussian", 600, 2);
  const auto of_x = curve_of(kSampled, {20, 30}, x).squared_errors();
  const auto of_y = curve_of(kSampled, {20, 30}, y).squared_errors();
  ErrorCurve<float> curve(pipelines(kSampled), {20, 30});
  Scratch scratch;
  curve.observe(WholeSource<float>(x), {}, scratch);
  curve.reset();
  EXPECT_THAT(curve.squared_errors(), testing::Each(0));
  curve.observe(WholeSource<float>(x), {}, scratch);
  curve.observe(WholeSource<float>(y), {}, scratch);
  EXPECT_EQ(curve.steps(), 2);
  for (std::size_t i = 0; i < kSampled.size(); ++i) {
    EXPECT_DOUBLE_EQ(curve.squared_errors()[i], (of_x[i] + of_y[i]) / 2);
  }
}

// One rank has left a step out: the others' steps count all the same.
TEST(ErrorCurve, SumsAddUpToTheMeanOverRanks) {
  const std::vector<std::string> specs{"topk(density=0.1)", "threshold(value=1)", "onebit"};
  std::vector<std::vector<double>> errors(3), bytes(3), alone(3);
  run_local(3, [&](Communicator& world) {
    const auto rank = static_cast<std::size_t>(world.rank());
    auto x = data<double>("gaussian", 600, rank);
    auto curve = curve_of(specs, {20, 30}, x);
    alone[rank] = curve.squared_errors();
    if (rank == 1) {
      Scratch scratch;
      x[0] = std::numeric_limits<double>::quiet_NaN();
      EXPECT_FALSE(curve.observe(WholeSource<double>(x), {}, scratch));
    }
    world.all_reduce(curve.sums());
    EXPECT_EQ(curve.steps(), 3);
    EXPECT_EQ(curve.left_out(), 1);
    errors[rank] = curve.squared_errors();
    bytes[rank] = curve.expected_bytes();
  });
  EXPECT_EQ(errors[0], errors[1]);
  EXPECT_EQ(errors[0], errors[2]);
  EXPECT_EQ(bytes[0], bytes[2]);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    EXPECT_DOUBLE_EQ(errors[0][i], (alone[0][i] + alone[1][i] + alone[2][i]) / 3);
  }
}

TEST(ErrorCurve, AllocatesNothingOnceItHasSeenAStep) {
  const std::vector<std::string> specs{"topk(density=0.1)", "quantize(bits=4)", "onebit",
                                       "lowrank(rank=2)",   "natural",          "levels(bits=4)"};
  const auto x = data<float>("gaussian", 600);
  ErrorCurve<float> curve(pipelines(specs), {20, 30});
  Scratch scratch;
  for (int warm = 0; warm < 2; ++warm) {
    curve.observe(WholeSource<float>(x), {}, scratch);
    scratch.clear();
  }
  const std::size_t before = allocations();
  curve.observe(WholeSource<float>(x), {}, scratch);
  EXPECT_EQ(allocations(), before);
}

void expect_refused(const std::string& spec, const Shape& shape, const std::string& part) {
  try {
    ErrorCurve<float> curve(pipelines({"onebit", spec}), shape);
    ADD_FAILURE() << spec << " was taken";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(part));
  }
}

TEST(ErrorCurve, RefusesWhatIsNoCandidate) {
  expect_refused("topq(density=0.1)", {4, 4}, "topq");
  expect_refused("topk(density=2)", {4, 4}, "density");
  expect_refused("lowrank(rank=2)", Shape::flat(16), "not a matrix");
  expect_refused("onebit|quantize(bits=2)", {4, 4}, "no stage may follow");
  expect_refused("none|onebit", {4, 4}, "none");
  EXPECT_THROW(ErrorCurve<float>({Pipeline{}}, Shape{4, 4}), UsageError);
  EXPECT_THROW(ErrorCurve<float>({}, Shape{4, 4}, {.one_in = 0}), UsageError);
}

}  // namespace
}  // namespace pith::test
