// SPDX-License-Identifier: Apache-2.0
#include "step_size.h"

#include <cmath>

#include <pith/compressors/registry.h>
#include <pith/core/error.h>

#include "nearly_square.h"

namespace convergence_lab {
namespace {

pith::Guarantee guarantee_of(const pith::Pipeline& pipeline, std::size_t n) {
  if (pith::compressor(pipeline.front().name).message) {
    return pith::make_message<double>(pipeline, nearly_square(n))->guarantee(n);
  }
  return pith::make_linear<double>(pipeline, nearly_square(n))->guarantee();
}

// 0 for alpha = 1, where nothing is lost.
double error_factor(double alpha) { return (1 + std::sqrt(1 - alpha)) / alpha - 1; }

}  // namespace

double contraction_of(const Method& method, std::size_t n) {
  if (method.compressor == "none") return 1;
  const auto guarantee = guarantee_of(pith::parse_pipeline(method.compressor), n);
  if (guarantee.contraction) return *guarantee.contraction;
  throw pith::UsageError("--method \"" + method.text + "\": " + method.compressor +
                         " promises no contraction, which steps of theory need: give step=NUMBER");
}

double step_size(const Method& method, std::size_t n, const Smoothness* smoothness) {
  if (method.step) return method.factor * *method.step;
  if (smoothness == nullptr) {
    throw pith::UsageError("--method \"" + method.text +
                           "\": theory has no step for this problem: give step=NUMBER");
  }
  if (method.rule == StepRule::gradient_descent) return method.factor / smoothness->of_mean;
  const double mean = method.rule == StepRule::quadratic_mean ? smoothness->quadratic_mean
                                                              : smoothness->arithmetic_mean;
  return method.factor / (smoothness->of_mean + mean * error_factor(contraction_of(method, n)));
}

}  // namespace convergence_lab
