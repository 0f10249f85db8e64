// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <pith/adaptive/policy.h>
#include <pith/core/arguments.h>

namespace pith {

/// How a policy solves its problems.
struct SolverOptions {
  Norm norm = Norm::squared;
  std::size_t levels = 10'000;

  Problem problem(const Measurements& measured, std::span<const std::string> names) const {
    return {measured.layers, measured.current, norm, levels, names};
  }
};

/// From the arguments norm=squared|plain and levels=1 ... 100,000.
inline SolverOptions read_solver_options(Arguments& arguments) {
  const bool plain = arguments.word("norm", "squared", {"squared", "plain"}) == "plain";
  return {plain ? Norm::plain : Norm::squared, arguments.integer("levels", 10'000, 1, 100'000)};
}

}  // namespace pith
