// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <vector>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>

#include "convergence_lab/curve.h"
#include "convergence_lab/figure.h"
#include "convergence_lab/options.h"
#include "convergence_lab/problems.h"
#include "convergence_lab/smoothness.h"
#include "convergence_lab/step_size.h"

namespace convergence_lab {
namespace {

using ::testing::HasSubstr;

Options parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "convergence_lab");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const pith::UsageError& error) {
    return error.what();
  }
  return "";
}

std::string error(const std::string& method) {
  return error_of([&] { parse_method(method); });
}

Curve run(const std::string& problem, int clients, const std::string& text,
          const Duration& duration) {
  pith::set_log_level(pith::LogLevel::none);
  Curve curve;
  pith::run_local(clients, [&](pith::Communicator& world) {
    ProblemOptions options;
    options.problem = problem;
    const Client client = make_client(options, static_cast<std::size_t>(world.rank()),
                                      static_cast<std::size_t>(world.size()));
    const Method method = parse_method(text);
    std::optional<Smoothness> smoothness;
    if (client.curvature) smoothness = measure_smoothness(client, world);
    const double step = step_size(method, client.start.size(), smoothness ? &*smoothness : nullptr);
    const Curve mine = run_method(method, step, client, duration, 0, world);
    if (world.rank() == 0) curve = mine;
  });
  return curve;
}

std::size_t rounds_to(double norm, const Curve& curve) {
  for (const Point& point : curve.points) {
    if (point.gradient_norm < norm) return point.round;
  }
  return 0;
}

TEST(Method, IsALineOfWords) {
  const Method method =
      parse_method("econtrol(eta=0.1)  topk(k=1)|quantize(bits=4) step=am factor=16 first=dense");
  EXPECT_EQ(method.algorithm.text(), "econtrol(eta=0.1)");
  EXPECT_EQ(method.compressor, "topk(k=1)|quantize(bits=4)");
  EXPECT_EQ(method.rule, StepRule::arithmetic_mean);
  EXPECT_EQ(method.factor, 16);
  EXPECT_TRUE(method.dense_first);
  EXPECT_EQ(parse_method("ef21 step=0.5").compressor, "none");
  const Method plain = parse_method("gd factor=2");
  EXPECT_EQ(plain.text, "gd factor=2");
  EXPECT_EQ(plain.algorithm.text(), "none");
  EXPECT_EQ(plain.rule, StepRule::gradient_descent);
}

TEST(Method, NamesTheWordThatIsWrong) {
  EXPECT_THAT(error("ef21 topk(k=1) step=0"), HasSubstr("step=0: expected a number above 0"));
  EXPECT_THAT(error("ef21 topk(k=1) step=-0.1"), HasSubstr("step=-0.1"));
  EXPECT_THAT(error("ef21 topk(k=1) factor=nan"), HasSubstr("factor=nan"));
  EXPECT_THAT(error("ef21 topk(k=1) factor=1e9"), HasSubstr("at most 1e6"));
  EXPECT_THAT(error("ef21 topk(k=1) rate=1"), HasSubstr("unknown setting rate=1"));
  EXPECT_THAT(error("ef21 topk(k=1) first=empty"), HasSubstr("first=empty"));
  EXPECT_THAT(error("ef21 topk(k=1) more"), HasSubstr("cannot place the word \"more\""));
  EXPECT_THAT(error(""), HasSubstr("names no algorithm"));
}

TEST(Options, RunFiveMethodsByDefault) {
  const Options options = parse({"--clients", "20"});
  EXPECT_EQ(options.methods.size(), 5u);
  EXPECT_EQ(options.local_ranks, 20);
  EXPECT_EQ(options.duration.rounds, 1000u);
}

TEST(Options, NameWhatIsWrong) {
  EXPECT_THAT(error_of([] { parse({"--rounds", "0"}); }), HasSubstr("--rounds 0"));
  EXPECT_THAT(error_of([] { parse({"--split", "even"}); }), HasSubstr("--split even"));
  EXPECT_THAT(error_of([] { parse({"--method", "ef21 step=x"}); }), HasSubstr("step=x"));
}

TEST(Curve, RefusesWhatTheLibraryDoesNotKnow) {
  const auto refused = [](const std::string& method) {
    return error_of([&] { run("heterogeneous", 4, method, {1, 1}); });
  };
  EXPECT_THAT(refused("ef22 topk(k=1) step=0.1"), HasSubstr("ef22"));
  EXPECT_THAT(refused("ef21 topq(k=1) step=0.1"), HasSubstr("topq"));
  EXPECT_THAT(refused("econtrol(eta=2) topk(k=1)"), HasSubstr("eta"));
  EXPECT_THAT(refused("ef21_sgdm(eta=0) topk(k=1)"), HasSubstr("eta"));
}

TEST(T2, Ef21ReachesTheMinimumWhereEf14Stalls) {
  const Curve ef21 = run("heterogeneous", 4, "ef21 topk(k=1) step=0.05 first=dense", {200, 1});
  EXPECT_NEAR(static_cast<double>(rounds_to(1e-8, ef21)), 145, 2);
  const Curve ef14 = run("heterogeneous", 4, "ef14 topk(k=1) step=0.05", {200, 1});
  EXPECT_EQ(rounds_to(0.1, ef14), 0u);
}

TEST(T7, TheArithmeticMeansStepNeedsAboutHalfTheRounds) {
  const Curve quadratic = run("unequal", 4, "ef21 topk(k=1) first=dense", {1900, 1});
  const Curve arithmetic = run("unequal", 4, "ef21 topk(k=1) step=am first=dense", {1000, 1});
  EXPECT_NEAR(static_cast<double>(rounds_to(1e-2, quadratic)), 1879, 2);
  EXPECT_NEAR(static_cast<double>(rounds_to(1e-2, arithmetic)), 984, 2);
}

// Four ranks: an all-reduce of ten doubles sends 2 * 3 / 4 * 80 bytes, the agreement on a step 16
// to each of the others. What the lab itself sends for every point would be more than that.
TEST(Curve, CountsWhatTheMethodSendsAndNothingElse) {
  const Curve curve = run("unequal", 4, "none none step=0.001", {3, 1});
  ASSERT_EQ(curve.points.size(), 4u);
  EXPECT_EQ(curve.points[3].wire_bytes - curve.points[2].wire_bytes, 120 + 3 * 16);
  EXPECT_EQ(curve.points[3].message_bytes - curve.points[2].message_bytes, 80 + 16);
  const Curve rare = run("unequal", 4, "none none step=0.001", {3, 2});
  ASSERT_EQ(rare.points.size(), 3u);  // rounds 0, 2 and the last
  EXPECT_EQ(rare.points.back().wire_bytes, curve.points.back().wire_bytes);
}

TEST(Curve, EndsWithAMessageWhenTheMethodDiverges) {
  const Curve grown = run("heterogeneous", 4, "none none step=3", {1000, 1});
  EXPECT_THAT(grown.stopped, HasSubstr("diverged after round"));
  EXPECT_THAT(grown.stopped, HasSubstr("has grown from"));
  EXPECT_LT(grown.points.size(), 30u);
  const Curve overflown = run("heterogeneous", 4, "none none step=100000", {1000, 999});
  EXPECT_THAT(overflown.stopped, HasSubstr("diverged after round"));
  EXPECT_EQ(overflown.points.size(), 1u);
}

TEST(T10, PlainDescentDivergesOnAGame) {
  const Curve curve = run("bilinear", 4, "none none step=0.05", {5000, 5000});
  EXPECT_NEAR(curve.points.back().gradient_norm / 4e5, 1, 0.2);
  EXPECT_FALSE(curve.points.back().objective.has_value());
}

TEST(T10, Masha2SolvesTheGame) {
  const Curve curve = run("bilinear", 4, "masha2(refresh_every=4) topk(k=5) step=0.1", {1300, 1});
  EXPECT_NEAR(static_cast<double>(rounds_to(1e-2, curve)), 543, 2);
  EXPECT_NEAR(static_cast<double>(rounds_to(1e-4, curve)), 1209, 2);
}

TEST(Curve, RunsMethodsWithLocalSteps) {
  for (const std::string method : {"scafcom(local_steps=3) topk(k=1) step=0.02",
                                   "scallion(alpha=0.4,local_steps=3) randomk(k=1) step=0.02"}) {
    const Curve curve = run("heterogeneous", 4, method, {500, 500});
    EXPECT_LT(curve.points.back().gradient_norm, 1e-6) << method;
  }
  EXPECT_THAT(error_of([] {
                run("heterogeneous", 4, "scafcom(beta=2) topk(k=1) step=1", {1, 1});
              }),
              HasSubstr("beta"));
}

TEST(Figure, LeavesOutWhatCannotBeDrawn) {
  Panel panel{"x", "y", Axis::linear, Axis::logarithmic, {}};
  panel.lines.push_back({{0, 1}, {1, std::nan("")}, {2, 0}, {3, -1}, {4, 100}});
  const std::string svg = draw({"a < b", {"one & two"}, {panel}});
  EXPECT_THAT(svg, HasSubstr("a &lt; b"));
  EXPECT_THAT(svg, HasSubstr("one &amp; two"));
  EXPECT_THAT(svg, HasSubstr("d=\"M58.0,272.0L344.0,64.0\""));
  EXPECT_THAT(svg, ::testing::Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace convergence_lab
