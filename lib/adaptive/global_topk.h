// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include <pith/adaptive/policy.h>
#include <pith/core/arguments.h>

namespace pith {

/// global_topk(budget=uniform,alpha=1): one price for all layers, so that the last byte takes away
/// as much squared error in each of them.
///
///   each layer: least of error + price * cost;   price: the lowest that keeps costs within budget
///
/// With one candidate per kept element at equal cost, this is a top-k over the whole model, whose
/// price is the square of its one threshold. Least error at its cost, but only candidates on the
/// convex hull of (cost, error) are taken, and where the next one does not fit, the rest of the
/// budget is left: lgreco, given the same budget of cost, is never less accurate by more than its
/// rounding. The Budget is a cost: bytes(...), or a policy's. If nothing meets it: the cheapest
/// assignment.
/// Cost     sorting the candidates.
/// Source   Everett 1963, "Generalized Lagrange Multiplier Method for Solving Problems of Optimum
///          Allocation of Resources"; as a baseline in Alimohammadi et al. 2023.
std::unique_ptr<Policy> make_global_topk(Arguments& arguments, std::span<const std::string> names);

}  // namespace pith
