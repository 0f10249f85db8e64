// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <fstream>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>

#include "convergence_lab/norm.h"
#include "convergence_lab/problems.h"
#include "convergence_lab/smoothness.h"
#include "convergence_lab/step_size.h"

namespace convergence_lab {
namespace {

using ::testing::HasSubstr;

/// A file of two classes, gone with the test.
class Data {
 public:
  Data() : path_(testing::TempDir() + "lab_problems.libsvm") {
    std::ofstream(path_) << "1 1:1 2:-2\n2 1:0.5 3:1\n1 2:2\n2 3:-1\n2 1:3 2:1 3:1\n1 1:-1\n";
  }
  ~Data() { std::filesystem::remove(path_); }

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

ProblemOptions options(const std::string& problem, const std::filesystem::path& data = {}) {
  ProblemOptions options;
  options.problem = problem;
  options.data = data;
  return options;
}

std::string error(const std::string& problem, std::size_t clients = 4,
                  const std::filesystem::path& data = {}) {
  try {
    make_client(options(problem, data), 0, clients);
  } catch (const pith::UsageError& error) {
    return error.what();
  }
  return "";
}

// The gradient is that of the objective, and moves no faster than the curvature allows.
TEST(Problems, GradientsAreThoseOfTheObjective) {
  const Data data;
  for (const std::string name :
       {"logistic", "least_squares(lambda=0.3)", "heterogeneous", "spread(d=7)", "unequal"}) {
    SCOPED_TRACE(name);
    const Client client = make_client(options(name, data.path()), 1, 4 - (name[0] == 'l' ? 2 : 0));
    Vector x = client.start;
    Vector gradient(x.size());
    client.gradient(x, gradient);
    for (std::size_t j = 0; j < x.size(); ++j) {
      const double h = 1e-5;
      const double middle = x[j];
      x[j] = middle + h;
      const double above = client.objective(x);
      x[j] = middle - h;
      const double below = client.objective(x);
      x[j] = middle;
      EXPECT_NEAR((above - below) / (2 * h), gradient[j], 1e-6 * (1 + std::abs(gradient[j])));
    }
  }
}

TEST(Problems, LogisticLossDoesNotOverflow) {
  const Data data;
  const Client client = make_client(options("logistic(start=100000)", data.path()), 0, 1);
  Vector gradient(client.start.size());
  client.gradient(client.start, gradient);
  EXPECT_TRUE(std::isfinite(client.objective(client.start)));
  EXPECT_TRUE(std::isfinite(norm(gradient)));
}

TEST(Problems, NameWhatDoesNotFit) {
  const Data data;
  EXPECT_THAT(error("logistics"), HasSubstr("did you mean \"logistic\""));
  EXPECT_THAT(error("logistic"), HasSubstr("--problem logistic needs --data"));
  EXPECT_THAT(error("logistic(lambda=-1)", 2, data.path()), HasSubstr("lambda"));
  EXPECT_THAT(error("logistic(mu=1)", 2, data.path()), HasSubstr("mu"));
  EXPECT_THAT(error("logistic", 7, data.path()), HasSubstr("6 rows for 7 clients"));
  EXPECT_THAT(error("heterogeneous", 3), HasSubstr("has 4 clients, not 3"));
  EXPECT_THAT(error("spread(d=0)"), HasSubstr("d"));
}

TEST(Smoothness, LargestEigenvalueIsThatOfAMatrix) {
  const auto product = [](std::span<const double> x, std::span<double> out) {
    out[0] = 2 * x[0] + x[1];  // eigenvalues 3 and 1
    out[1] = x[0] + 2 * x[1];
  };
  EXPECT_NEAR(largest_eigenvalue(product, 2), 3, 1e-9);
  const auto nothing = [](auto, std::span<double> out) { out[0] = 0; };
  EXPECT_EQ(largest_eigenvalue(nothing, 1), 0);
}

// The published constants of unequal(d=10) under top-1.
TEST(T7, StepSizesAreThoseOfTheTheory) {
  pith::run_local(4, [](pith::Communicator& world) {
    const Client client =
        make_client(options("unequal"), static_cast<std::size_t>(world.rank()), 4);
    const Smoothness smoothness = measure_smoothness(client, world);
    EXPECT_NEAR(smoothness.of_mean, 25.3, 1e-6);
    EXPECT_NEAR(smoothness.arithmetic_mean, 25.75, 1e-6);
    EXPECT_NEAR(smoothness.quadratic_mean, 50.0075, 1e-4);
    const auto step = [&](const char* text) {
      return step_size(parse_method(text), 10, &smoothness);
    };
    EXPECT_NEAR(step("ef21 topk(k=1)"), 0.00105288, 1e-8);
    EXPECT_NEAR(step("ef21 topk(k=1) step=am"), 0.00199467, 1e-8);
    EXPECT_NEAR(step("ef21 topk(k=1) step=am factor=4"), 4 * 0.00199467, 4e-8);
    EXPECT_NEAR(step("none none step=gd"), 1 / 25.3, 1e-8);
    EXPECT_NEAR(step("ef21 topk(k=10)"), 1 / 25.3, 1e-8);  // all is sent
    EXPECT_EQ(step("ef21 topk(k=1) step=0.25 factor=2"), 0.5);
  });
}

TEST(StepSize, NeedsANumberWhereTheoryHasNone) {
  const auto error = [](const char* text) -> std::string {
    try {
      step_size(parse_method(text), 10, nullptr);
    } catch (const pith::UsageError& problem) {
      return problem.what();
    }
    return "";
  };
  EXPECT_THAT(error("ef21 topk(k=1)"), HasSubstr("give step=NUMBER"));
  EXPECT_EQ(error("ef21 topk(k=1) step=0.1"), "");
}

}  // namespace
}  // namespace convergence_lab
