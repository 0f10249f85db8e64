// SPDX-License-Identifier: Apache-2.0
#include "golden/problems.h"

#include <cmath>
#include <numeric>

namespace pith::test {
namespace {

using Rows = std::vector<Vector>;

/// grad f_i = scale_i x - shift_i, element by element.
Problem linear_gradients(Rows scale, Rows shift, Vector start) {
  const std::size_t ranks = scale.size();
  return {ranks, std::move(start),
          [scale = std::move(scale), shift = std::move(shift)](std::size_t rank, std::uint64_t,
                                                               const Vector& x) {
            Vector gradient(x.size());
            for (std::size_t j = 0; j < x.size(); ++j) {
              gradient[j] = scale[rank][j] * x[j] - shift[rank][j];
            }
            return gradient;
          }};
}

}  // namespace

Problem three_planes(Vector start) {
  return {3, std::move(start), [](std::size_t rank, std::uint64_t, const Vector& x) {
            Vector a(3, 2.0);
            a[rank] = -3;
            const double product = std::inner_product(a.begin(), a.end(), x.begin(), 0.0);
            Vector gradient(3);
            for (std::size_t j = 0; j < 3; ++j) gradient[j] = 2 * product * a[j] + x[j] / 2;
            return gradient;
          }};
}

Problem heterogeneous() {
  return linear_gradients({{1, 2, 3, 4}, {4, 1, 2, 3}, {3, 4, 1, 2}, {2, 3, 4, 1}},
                          {{10, -4, 2, 1}, {-6, 8, -3, 2}, {1, -5, 9, -4}, {-5, 1, -8, 1}},
                          {5, -3, 2, 4});
}

Problem heterogeneous_within(std::size_t n) {
  Problem problem = heterogeneous();
  problem.start.resize(n);
  problem.gradient = [n, inner = problem.gradient](std::size_t rank, std::uint64_t step,
                                                   const Vector& x) {
    Vector gradient = inner(rank, step, Vector(x.begin(), x.begin() + 4));
    gradient.resize(n);
    return gradient;
  };
  return problem;
}

Problem spread(std::size_t d) {
  Rows scale(4, Vector(d));
  Rows shift(4, Vector(d));
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < d; ++j) {
      scale[i][j] = 0.2 + 0.8 * static_cast<double>((7 * j + 3 * i) % 10) / 9;
      shift[i][j] = static_cast<double>(5 * (i + 1) * (j + 2) % 11) - 5;
    }
  }
  return linear_gradients(std::move(scale), std::move(shift), Vector(d, 1.0));
}

Problem one_steep_rank() {
  Rows scale(4, Vector(10));
  Rows shift(4, Vector(10));
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 10; ++j) {
      const double smoothness = i == 3 ? 100 : 1;
      scale[i][j] = smoothness * (0.1 + 0.9 * static_cast<double>((7 * j + 3 * i) % 10) / 9);
      shift[i][j] = static_cast<double>(5 * (i + 1) * (j + 2) % 11) - 5;
    }
  }
  return linear_gradients(std::move(scale), std::move(shift), Vector(10, 1.0));
}

Problem diagonal(std::size_t d) {
  Vector scale(d);
  for (std::size_t j = 0; j < d; ++j) {
    scale[j] = 1 + 9 * static_cast<double>(j) / static_cast<double>(d - 1);
  }
  return linear_gradients({scale}, {Vector(d)}, Vector(d, 1.0));
}

Vector mean_gradient(const Problem& problem, const Vector& x) {
  Vector mean(x.size());
  for (std::size_t rank = 0; rank < problem.ranks; ++rank) {
    const Vector gradient = problem.gradient(rank, 0, x);
    for (std::size_t j = 0; j < x.size(); ++j) mean[j] += gradient[j];
  }
  for (double& value : mean) value /= static_cast<double>(problem.ranks);
  return mean;
}

double norm(const Vector& x) {
  return std::sqrt(std::inner_product(x.begin(), x.end(), x.begin(), 0.0));
}

}  // namespace pith::test
