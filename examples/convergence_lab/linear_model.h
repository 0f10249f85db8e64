// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client.h"
#include "rows.h"

namespace convergence_lab {

/// What a prediction costs.
struct Loss {
  double (*value)(double prediction, double label);
  double (*slope)(double prediction, double label);  ///< by the prediction
  double curvature;                                  ///< bound on the second derivative
};

/// log(1 + exp(-label prediction)), labels -1 and 1.
extern const Loss kLogistic;

/// (prediction - label)^2 / 2.
extern const Loss kSquared;

/// f_i(x) = mean over the rows a of loss(a x) + lambda sum over j of x_j^2 / (1 + x_j^2), whose
/// last term is not convex.
///
/// Curvature  loss.curvature A^T A / rows + 2 lambda.
Client linear_model(Rows rows, const Loss& loss, double lambda, Vector start);

}  // namespace convergence_lab
