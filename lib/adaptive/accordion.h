// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include <pith/adaptive/policy.h>
#include <pith/core/arguments.h>

namespace pith {

/// accordion(eta=0.5,low=cheapest,high=standard): one of two Levels per layer, by how much the norm
/// of its gradient (plus residual) has changed since the last choice.
///
///   ratio = |old - new| / old,  9 if old is 0;   ratio < eta ? low : high
///
/// A norm that is not finite gives `high`, and the old one stays.
/// State    norms: one per layer, 0 before the first choice.
/// Throws   from choose(): UsageError naming the layer that does not have a Level.
/// Source   Agarwal, Wang, Lee, Venkataraman, Papailiopoulos 2021, "Adaptive Gradient Communication
///          via Critical Learning Regime Identification", arXiv:2010.16248.
std::unique_ptr<Policy> make_accordion(Arguments& arguments, std::span<const std::string> names);

}  // namespace pith
