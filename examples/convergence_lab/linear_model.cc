// SPDX-License-Identifier: Apache-2.0
#include "linear_model.h"

#include <algorithm>
#include <cmath>
#include <memory>

namespace convergence_lab {
namespace {

// Neither form overflows: exp() is of what is not positive.
double logistic_value(double prediction, double label) {
  const double margin = label * prediction;
  return margin > 0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)) - margin;
}

double logistic_slope(double prediction, double label) {
  const double margin = label * prediction;
  if (margin <= 0) return -label / (1 + std::exp(margin));
  const double small = std::exp(-margin);
  return -label * small / (1 + small);
}

double squared_value(double prediction, double label) {
  return (prediction - label) * (prediction - label) / 2;
}

double squared_slope(double prediction, double label) { return prediction - label; }

double dot(const Rows& rows, std::size_t row, std::span<const double> x) {
  double sum = 0;
  for (std::size_t e = rows.starts[row]; e < rows.starts[row + 1]; ++e) {
    sum += rows.values[e] * x[rows.columns[e]];
  }
  return sum;
}

/// out = mean over the rows a of weight(row, a x) a.
template <class Weight>
void mean_of_rows(const Rows& rows, std::span<const double> x, const Weight& weight,
                  std::span<double> out) {
  std::ranges::fill(out, 0.0);
  const double share = 1 / static_cast<double>(rows.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const double factor = share * weight(row, dot(rows, row, x));
    for (std::size_t e = rows.starts[row]; e < rows.starts[row + 1]; ++e) {
      out[rows.columns[e]] += factor * rows.values[e];
    }
  }
}

struct LinearModel {
  Rows rows;
  Loss loss;
  double lambda;

  double objective(std::span<const double> x) const {
    double sum = 0;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      sum += loss.value(dot(rows, row, x), rows.labels[row]);
    }
    double penalty = 0;
    for (const double value : x) penalty += value * value / (1 + value * value);
    return sum / static_cast<double>(rows.size()) + lambda * penalty;
  }

  void gradient(std::span<const double> x, std::span<double> out) const {
    mean_of_rows(
        rows, x,
        [&](std::size_t row, double prediction) {
          return loss.slope(prediction, rows.labels[row]);
        },
        out);
    for (std::size_t j = 0; j < x.size(); ++j) {
      const double scale = 1 + x[j] * x[j];
      out[j] += lambda * 2 * x[j] / (scale * scale);
    }
  }

  void curvature(std::span<const double> x, std::span<double> out) const {
    mean_of_rows(
        rows, x, [&](std::size_t, double product) { return loss.curvature * product; }, out);
    for (std::size_t j = 0; j < x.size(); ++j) out[j] += 2 * lambda * x[j];
  }
};

}  // namespace

const Loss kLogistic{logistic_value, logistic_slope, 0.25};
const Loss kSquared{squared_value, squared_slope, 1};

Client linear_model(Rows rows, const Loss& loss, double lambda, Vector start) {
  const auto model =
      std::make_shared<const LinearModel>(LinearModel{std::move(rows), loss, lambda});
  return {.start = std::move(start),
          .gradient = [model](auto x, auto out) { model->gradient(x, out); },
          .objective = [model](auto x) { return model->objective(x); },
          .curvature = [model](auto x, auto out) { model->curvature(x, out); }};
}

}  // namespace convergence_lab
