// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include <pith/core/error.h>
#include <pith/feedback/ef21_stepsize.h>

namespace pith {
namespace {

[[noreturn]] void fail(const std::string& argument, double value, const std::string& allowed) {
  throw UsageError("ef21_stepsize: " + argument + " is " + std::to_string(value) + ", must be " +
                   allowed);
}

void check_share(const char* argument, double value) {
  if (!(value > 0 && value <= 1)) fail(argument, value, "in (0, 1]");
}

void check_positive(const char* argument, double value) {
  if (!(value > 0 && std::isfinite(value))) fail(argument, value, "a number above 0");
}

// Divided by the largest, so that squares neither overflow nor vanish.
double mean_of(std::span<const double> L_i, SmoothnessMean mean) {
  if (L_i.empty()) throw UsageError("ef21_stepsize: no L_i is given, there must be one per rank");
  for (std::size_t i = 0; i < L_i.size(); ++i) {
    if (L_i[i] >= 0 && std::isfinite(L_i[i])) continue;
    fail("L_i[" + std::to_string(i) + "]", L_i[i], "a number not below 0");
  }
  const double largest = std::ranges::max(L_i);
  if (largest == 0) return 0;
  double sum = 0;
  for (const double each : L_i) {
    const double share = each / largest;
    sum += mean == SmoothnessMean::quadratic ? share * share : share;
  }
  const double average = sum / static_cast<double>(L_i.size());
  return largest * (mean == SmoothnessMean::quadratic ? std::sqrt(average) : average);
}

}  // namespace

double ef21_slowdown(double alpha) {
  check_share("alpha", alpha);
  return (1 + std::sqrt(1 - alpha)) / alpha - 1;
}

double ef21_stepsize(double alpha, double L, std::span<const double> L_i, SmoothnessMean mean) {
  const double slowdown = ef21_slowdown(alpha);
  check_positive("L", L);
  return 1 / (L + mean_of(L_i, mean) * slowdown);
}

double ef21_stepsize_pl(double alpha, double L, std::span<const double> L_i, SmoothnessMean mean,
                        double mu) {
  const double slowdown = std::numbers::sqrt2 * ef21_slowdown(alpha);
  check_positive("L", L);
  check_positive("mu", mu);
  const double theta = alpha / (1 + std::sqrt(1 - alpha));  // 1 - sqrt(1 - alpha)
  return std::min(1 / (L + mean_of(L_i, mean) * slowdown), theta / (2 * mu));
}

double ef21_sgdm_stepsize(double alpha, double L, std::span<const double> L_i, SmoothnessMean mean,
                          double eta) {
  check_share("alpha", alpha);
  check_positive("L", L);
  check_share("eta", eta);
  const double together = mean_of(L_i, mean);
  const double by_noise = eta / (7 * L);
  return together > 0 ? std::min(alpha / (20 * together), by_noise) : by_noise;
}

}  // namespace pith
