// SPDX-License-Identifier: Apache-2.0
#include "curves_report.h"

#include <algorithm>
#include <cmath>
#include <ostream>

#include <support/reference_errors.h>

#include <pith/core/vector.h>

#include "table.h"

namespace pith::bench {
namespace {

RandomKey key_of(std::size_t step) { return {.seed = 1, .step = step, .rank = 0}; }

// "+1.2 %"; relative to the error, or absolute where there is next to none.
std::string off(double estimate, double exact) {
  if (exact < 1e-12) return estimate < 1e-12 ? "0" : scientific(estimate);
  return (estimate < exact ? "" : "+") + fixed(100 * (estimate / exact - 1), 2);
}

}  // namespace

CurveErrors measured(const CurvesCase& task, const Gradients<float>& gradients) {
  CurveErrors out;
  for (const Pipeline& pipeline : task.candidates) {
    test::ReferenceError<float> reference(pipeline, task.shape);
    double error = 0;
    double norm = 0;
    double bytes = 0;
    for (std::size_t i = 0; i < task.steps; ++i) {
      const test::Loss loss = reference.measure(gradients.step(i), key_of(i));
      error += loss.squared_error;
      bytes += loss.bytes;
      norm += squared_norm<float>(gradients.step(i));
    }
    out.errors.push_back(norm > 0 ? error / norm : 0);
    out.bytes.push_back(bytes / static_cast<double>(task.steps));
  }
  return out;
}

CurveErrors estimated(const CurvesCase& task, const Gradients<float>& gradients,
                      Sampling sampling) {
  ErrorCurve<float> curve(task.candidates, task.shape, sampling);
  Scratch scratch;
  double norm = 0;
  for (std::size_t i = 0; i < task.steps; ++i) {
    curve.observe(WholeSource<float>(gradients.step(i)), key_of(i), scratch);
    norm += squared_norm<float>(gradients.step(i)) / static_cast<double>(task.steps);
  }
  CurveErrors out{curve.squared_errors(), curve.expected_bytes()};
  for (double& error : out.errors) error = norm > 0 ? error / norm : 0;
  return out;
}

void print_accuracy(std::ostream& out, const CurvesCase& task, const Gradients<float>& gradients) {
  const CurveErrors truth = measured(task, gradients);
  const CurveErrors exact = estimated(task, gradients, {.one_in = 1});
  const CurveErrors sampled = estimated(task, gradients, {});
  std::size_t name = 0;
  for (const Pipeline& one : task.candidates) name = std::max(name, text_of(one).size());
  Table table(out, {{"candidate", "", name},
                    {"error", "(/norm)", 9},
                    {"all", "(%)", 8},
                    {"sampled", "(%)", 8},
                    {"bytes", "(B)", 11},
                    {"expected", "(%)", 8}});
  table.header();
  for (std::size_t i = 0; i < task.candidates.size(); ++i) {
    table.row({text_of(task.candidates[i]), scientific(truth.errors[i]),
               off(exact.errors[i], truth.errors[i]), off(sampled.errors[i], truth.errors[i]),
               fixed(truth.bytes[i], 0), off(exact.bytes[i], truth.bytes[i])});
  }
}

}  // namespace pith::bench
