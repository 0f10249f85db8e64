// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include <pith/adaptive/error_curve.h>

#include "data.h"

namespace pith::bench {

/// A tensor and what may be done to it, for some steps.
struct CurvesCase {
  Shape shape;
  std::vector<Pipeline> candidates;
  std::size_t steps = 1;
};

/// Means over the steps, per candidate.
struct CurveErrors {
  std::vector<double> errors;  ///< squared, over the squared norm
  std::vector<double> bytes;
};

/// By encoding and decoding.
CurveErrors measured(const CurvesCase& task, const Gradients<float>& gradients);

/// As an error curve has it.
CurveErrors estimated(const CurvesCase& task, const Gradients<float>& gradients, Sampling sampling);

/// A line per candidate: its error, how far off the estimates are, and the bytes.
void print_accuracy(std::ostream& out, const CurvesCase& task, const Gradients<float>& gradients);

}  // namespace pith::bench
