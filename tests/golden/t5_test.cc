// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <pith/comm/local.h>

#include "golden/descent.h"

// Bergh Thomsen et al. 2025: at the optimal step the Lyapunov functions of EF14 and of EF21 both
// fall by the same factor in every single step.
namespace pith::test {
namespace {

constexpr double kMu = 1;
constexpr double kL = 10;

struct Tight {
  explicit Tight(std::size_t d) : root(std::sqrt(1 - 1 / static_cast<double>(d))) {
    rate = 2 / (kL + kMu) * (1 - root) / (1 + root);
    const double gap = kL - kMu;
    const double lambda =
        rate / (kL + kMu) *
        ((1 - root) * gap +
         (1 + root) * std::sqrt(gap * gap + 16 * kL * kMu * root / ((1 + root) * (1 + root))));
    factor = root + (1 + root) * gap * lambda / 4;
  }

  double root;  // sqrt(1 - alpha)
  double rate;
  double factor;
};

Vector difference(const Vector& x, double a, const Vector& y) {
  Vector out(x.size());
  for (std::size_t j = 0; j < x.size(); ++j) out[j] = x[j] - a * y[j];
  return out;
}

double squared(const Vector& x) { return norm(x) * norm(x); }

using Lyapunov = double (*)(const Tight&, Descent&);

// |x - x* - e|^2 + |e|^2 / sqrt(1 - alpha), e in units of x.
double of_ef14(const Tight& tight, Descent& descent) {
  const Vector residual = descent.state(0, "residual");
  return squared(difference(descent.x(0), tight.rate, residual)) +
         tight.rate * tight.rate * squared(residual) / tight.root;
}

// |grad f - g|^2 + sqrt(1 - alpha) |grad f|^2, both at the x from which the step was taken.
double of_ef21(const Tight& tight, Descent& descent) {
  const Vector& gradient = descent.pushed(0);
  return squared(difference(gradient, 1, descent.state(0, "own"))) + tight.root * squared(gradient);
}

// The largest ratio of one V to the one before, over 2000 steps or until V is rounding.
double largest_ratio(std::size_t d, const std::string& feedback, Start start, Lyapunov lyapunov) {
  const Tight tight(d);
  const Problem problem = diagonal(d);
  double largest = 0;
  run_local(1, [&](Communicator& communicator) {
    Descent descent(communicator, problem, {{feedback, tight.rate}}, start);
    double before = lyapunov(tight, descent);  // zero for EF21: nothing has been pushed yet
    for (int t = 0; t < 2000; ++t) {
      descent.step();
      const double now = lyapunov(tight, descent);
      if (now < 1e-24) break;
      if (before > 0) largest = std::max(largest, now / before);
      before = now;
    }
  });
  return largest;
}

struct Golden {
  std::size_t d;
  double rate, factor, ef14, ef21;  // the last two measured by another program
};
constexpr Golden kGolden[] = {{2, 0.0311951, 0.9393682, 0.939258, 0.939267},
                              {4, 0.0130540, 0.9742187, 0.974146, 0.974147},
                              {10, 0.00478801, 0.9904691, 0.990454, 0.990454}};

TEST(T5, StepAndFactorAreThePublishedOnes) {
  for (const Golden& golden : kGolden) {
    EXPECT_NEAR(Tight(golden.d).rate, golden.rate, 1e-7);
    EXPECT_NEAR(Tight(golden.d).factor, golden.factor, 1e-7);
  }
}

TEST(T5, Ef14ContractsInEveryStep) {
  for (const Golden& golden : kGolden) {
    const double largest = largest_ratio(golden.d, "ef14", Start::compressed, of_ef14);
    EXPECT_LE(largest, Tight(golden.d).factor + 1e-12) << golden.d << " dimensions";
    EXPECT_NEAR(largest, golden.ef14, 1e-6) << golden.d << " dimensions";
  }
}

TEST(T5, Ef21ContractsInEveryStep) {
  for (const Golden& golden : kGolden) {
    const double largest = largest_ratio(golden.d, "ef21", Start::dense, of_ef21);
    EXPECT_LE(largest, Tight(golden.d).factor + 1e-12) << golden.d << " dimensions";
    EXPECT_NEAR(largest, golden.ef21, 1e-6) << golden.d << " dimensions";
  }
}

}  // namespace
}  // namespace pith::test
