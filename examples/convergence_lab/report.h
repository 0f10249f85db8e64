// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "curve.h"
#include "options.h"
#include "smoothness.h"

namespace convergence_lab {

/// Everything that a run has found.
struct Report {
  const Options& options;
  int clients = 0;
  std::size_t dimensions = 0;
  std::optional<Smoothness> smoothness = std::nullopt;
  std::vector<Curve> curves = {};
};

/// "logistic on mushrooms.libsvm (sorted), 112 dimensions, 20 clients"
std::string title_of(const Report& report);

/// How one method ended, for people.
std::string summary_line(const Curve& curve);

/// All of it as one JSON object; what is not finite is null.
std::string json_text(const Report& report);

/// Gradient norm and, where there is one, objective, each against rounds, bytes of a rank's own
/// messages, and bytes that it sent in all.
std::string svg_text(const Report& report);

}  // namespace convergence_lab
