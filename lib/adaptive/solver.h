// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <pith/adaptive/problem.h>

namespace pith {

/// The assignment of least cost among those whose errors sum up to `budget` at most.
///
///   weight = ceil(levels * error / budget),   a Knapsack of levels + layers
///
/// Rounding adds less than 1 per layer, so the optimum weighs at most levels + layers. From there
/// the budget shrinks until the errors that were not rounded are within it; at `levels` they are.
///
/// Error    the sum is at most budget * (1 + 1e-9). Never dearer than the uniform assignment (or,
///          at the same cost, less accurate) where that one is within the budget.
///          Errors and budget times any factor give the same assignment.
/// Special  If no legal candidate of any layer has an error, the current assignment is kept. If
///          nothing meets the budget: the most accurate assignment. A layer without a legal
///          candidate keeps its current one, at no error.
/// Cost     layers * candidates * levels additions (`pith-bench solver`); deterministic on every
///          machine: each decision compares whole numbers, or sums of doubles in the layers' order.
/// Memory   8 (layers + 1) (levels + layers + 1) bytes.
/// Throws   UsageError as check(), and for a budget that is negative or NaN.
/// Source   Alimohammadi, Markov, Frantar, Alistarh 2023, "L-GreCo", arXiv:2210.17357.
Solution least_cost(const Problem& problem, double budget);

/// The assignment of least error among those whose costs sum up to `budget` at most: the same with
/// the roles changed. Errors are rounded to 2^-52 of the sum of the layers' largest ones, so what
/// differs by less counts as equal. The costs' sum is never above the budget; if nothing meets it:
/// the cheapest assignment. Where the uniform assignment is within the budget, never less accurate.
Solution least_error(const Problem& problem, std::uint64_t budget);

}  // namespace pith
