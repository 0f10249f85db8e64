// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include <pith/adaptive/policy.h>
#include <pith/core/arguments.h>

namespace pith {

/// lgreco(norm=squared,levels=10000,alpha=1,budget=uniform): the assignment of least cost among
/// those with at most the Budget's error; of least error where the Budget is a cost (bytes).
///
/// With budget=accordion(...), Accordion chooses how much error is allowed, and the solver where.
/// Cost     least_cost(), least_error().
/// Source   Alimohammadi, Markov, Frantar, Alistarh 2023, "L-GreCo", arXiv:2210.17357.
std::unique_ptr<Policy> make_lgreco(Arguments& arguments, std::span<const std::string> names);

}  // namespace pith
