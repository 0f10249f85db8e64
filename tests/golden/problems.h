// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace pith::test {

using Vector = std::vector<double>;

/// f = mean of the f_i over the ranks, as what each rank knows of it: the gradient of its own f_i.
struct Problem {
  std::size_t ranks;
  Vector start;
  std::function<Vector(std::size_t rank, std::uint64_t step, const Vector& x)> gradient;
};

/// f_i(x) = <a_i, x>^2 + |x|^2 / 4 in R^3, 3 ranks, a_i a permutation of (-3, 2, 2). Top-1 of every
/// gradient at a multiple of (1, 1, 1) has the wrong sign. Minimum 0 at 0, L = 17.1667.
Problem three_planes(Vector start = {1, 1, 1});

/// Problem H: grad f_i = D_i x - b_i in R^4, 4 ranks. The mean gradient is 2.5 x, but at its
/// minimum no rank's own is zero.
Problem heterogeneous();

/// Problem H in the first four of n dimensions, with nothing in the others.
Problem heterogeneous_within(std::size_t n);

/// Problem S(d): grad f_i = D_i x - b_i in R^d, 4 ranks, from (1, ..., 1).
Problem spread(std::size_t d);

/// grad f_i = D_i x - b_i in R^10, 4 ranks, of which the last one's function is a hundred times as
/// steep as the others': smoothness L_i = 1, 1, 1, 100, of the mean 25.3. From (1, ..., 1).
Problem one_steep_rank();

/// One rank, f = sum of D_j x_j^2 / 2 with D_j evenly from 1 to 10, from (1, ..., 1).
Problem diagonal(std::size_t d);

/// The gradient of f.
Vector mean_gradient(const Problem& problem, const Vector& x);

double norm(const Vector& x);

}  // namespace pith::test
