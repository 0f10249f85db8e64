// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <pith/core/spec.h>

namespace convergence_lab {

/// Which smoothness a step of theory follows (step_size.h).
enum class StepRule { gradient_descent, quadratic_mean, arithmetic_mean };

/// How x is moved, from a line of words:
///
///   ALGORITHM [COMPRESSOR] [step=gd|qm|am|NUMBER] [factor=F] [exchange=NAME] [first=dense]
///
/// ALGORITHM is a feedback rule of the library, whose estimate x follows, or one of solver.h; gd is
/// the rule none with step=gd. COMPRESSOR is a spec of the library, none if it is left out.
struct Method {
  std::string text;  ///< as it was given: its name
  pith::Spec algorithm;
  std::string compressor = "none";
  std::string exchange = "natural";
  StepRule rule = StepRule::quadratic_mean;
  std::optional<double> step = std::nullopt;  ///< if it is given as a number
  double factor = 1;                          ///< times the step
  bool dense_first = false;                   ///< the first round travels uncompressed
};

/// Throws   pith::UsageError that quotes the line and the word that is wrong.
Method parse_method(const std::string& text);

}  // namespace convergence_lab
