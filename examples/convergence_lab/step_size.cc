// SPDX-License-Identifier: Apache-2.0
#include "step_size.h"

#include <cmath>

#include <pith/compressors/registry.h>
#include <pith/core/error.h>
#include <pith/feedback/ef21_stepsize.h>

#include "nearly_square.h"

namespace convergence_lab {
namespace {

pith::Guarantee guarantee_of(const pith::Pipeline& pipeline, std::size_t n) {
  if (pith::compressor(pipeline.front().name).message) {
    return pith::make_message<double>(pipeline, nearly_square(n))->guarantee(n);
  }
  return pith::make_linear<double>(pipeline, nearly_square(n))->guarantee();
}

[[noreturn]] void fail(const Method& method, const std::string& problem) {
  throw pith::UsageError("--method \"" + method.text + "\": " + problem);
}

double contraction_of(const Method& method, std::size_t n) {
  if (method.compressor == "none") return 1;
  const auto guarantee = guarantee_of(pith::parse_pipeline(method.compressor), n);
  if (guarantee.contraction) return *guarantee.contraction;
  fail(method, method.compressor +
                   " promises no contraction, which steps of theory need: give step=NUMBER");
}

double theory(const Method& method, std::size_t n, const Smoothness* smoothness) {
  if (smoothness == nullptr) {
    fail(method, "theory has no step for this problem: give step=NUMBER");
  }
  if (method.rule == StepRule::gradient_descent) return 1 / smoothness->of_mean;
  if (!(smoothness->of_mean > 0)) return 0;  // which is no step
  const auto mean = method.rule == StepRule::quadratic_mean ? pith::SmoothnessMean::quadratic
                                                            : pith::SmoothnessMean::arithmetic;
  return pith::ef21_stepsize(contraction_of(method, n), smoothness->of_mean, smoothness->of_clients,
                             mean);
}

}  // namespace

double step_size(const Method& method, std::size_t n, const Smoothness* smoothness) {
  const double step = method.factor * (method.step ? *method.step : theory(method, n, smoothness));
  if (step > 0 && std::isfinite(step)) return step;
  fail(method, "its step is " + std::to_string(step) + ": the data are flat or too large");
}

}  // namespace convergence_lab
