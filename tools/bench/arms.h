// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "data.h"

namespace pith::bench {

/// One of several ways to do the same step, and the seconds of its timed iterations.
struct Arm {
  std::string name;
  std::function<void(std::span<const float>)> step;
  std::vector<double> seconds = {};
};

/// What is timed, and what the table's header says of it.
struct ArmOptions {
  std::string command;
  std::string parameters;
  std::size_t iterations;
  std::size_t warm_up;
};

/// Arms and the residual add take turns, so that all see the same weather. Returns the median of
/// the residual adds' seconds.
double take_turns(const ArmOptions& options, const Gradients<float>& gradients,
                  std::vector<Arm>& arms);

/// A line per arm, compared with the residual add of `elements` floats and with the first arm.
void print_arms(const ArmOptions& options, const std::vector<Arm>& arms, std::size_t elements,
                double residual_add);

}  // namespace pith::bench
