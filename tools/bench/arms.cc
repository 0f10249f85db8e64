// SPDX-License-Identifier: Apache-2.0
#include "arms.h"

#include <algorithm>
#include <iostream>

#include <pith/collectives/stopwatch.h>

#include "floors.h"
#include "machine.h"
#include "median.h"
#include "table.h"

namespace pith::bench {

double take_turns(const ArmOptions& options, const Gradients<float>& gradients,
                  std::vector<Arm>& arms) {
  Floors<float> floors(gradients.size());
  std::vector<double> residual_adds;
  for (std::size_t i = 0; i < options.warm_up + options.iterations; ++i) {
    const bool timed = i >= options.warm_up;
    const double floor = floors.measure(gradients.step(i)).residual_add;
    if (timed) residual_adds.push_back(floor);
    for (Arm& arm : arms) {
      double seconds = 0;
      {
        Stopwatch watch(seconds);
        arm.step(gradients.step(i));
      }
      if (timed) arm.seconds.push_back(seconds);
    }
  }
  return median(residual_adds);
}

void print_arms(const ArmOptions& options, const std::vector<Arm>& arms, std::size_t elements,
                double residual_add) {
  std::size_t name = 0;
  for (const Arm& arm : arms) name = std::max(name, arm.name.size());
  Table table(std::cout, {{"arm", "", name},
                          {"median", "(ms)", 9},
                          {"least", "(ms)", 9},
                          {"speed", "(GB/s)", 7},
                          {"of r-add", "(x)", 8},
                          {"of " + arms.front().name, "(x)", 8}});
  table.comment("pith-bench " PITH_VERSION " " + options.command);
  table.comment(options.parameters);
  table.comment(machine() + "; one thread");
  table.header();
  const double bytes = 4.0 * static_cast<double>(elements);
  const double first = median(arms.front().seconds);
  for (const Arm& arm : arms) {
    const double seconds = median(arm.seconds);
    table.row({arm.name, fixed(seconds * 1e3, 3), fixed(std::ranges::min(arm.seconds) * 1e3, 3),
               fixed(bytes / seconds / 1e9, 3), fixed(seconds / residual_add, 2),
               fixed(seconds / first, 2)});
  }
}

}  // namespace pith::bench
