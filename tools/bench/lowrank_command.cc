// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <limits>

#include <pith/collectives/stopwatch.h>
#include <pith/core/error.h>

#include "command_line.h"
#include "commands.h"
#include "compare.h"
#include "data.h"
#include "exit_code.h"
#include "floors.h"
#include "lowrank_step.h"
#include "machine.h"
#include "median.h"
#include "sizes.h"
#include "table.h"

namespace pith::bench {
namespace {

namespace po = boost::program_options;

// Between two orders of summation, of the largest element of the residual.
constexpr double kTolerance = 1e-4;

struct LowRankOptions {
  LowRankCase lowrank;
  std::size_t iterations;
  std::size_t warm_up;
  std::uint64_t seed;
  std::string parameters;
};

/// One way to do the step, and the seconds of its timed iterations.
struct Arm {
  const char* name;
  std::unique_ptr<LowRankStep> step;
  std::vector<double> seconds;
};

po::options_description description() {
  const auto whole = [](std::int64_t value) {
    return po::value<std::int64_t>()->default_value(value);
  };
  po::options_description all(
      "pith-bench lowrank: a step of PowerSGD by this library's kernels and by OpenBLAS, in "
      "turns\n\n"
      "  pith-bench lowrank --shape 4096x4096 --rank 4\n");
  auto add = all.add_options();
  add("shape", po::value<std::string>()->default_value("4096x4096"), "RxC, of each matrix");
  add("count", whole(1), "matrices");
  add("rank", whole(4), "of their factors");
  add("iters,n", whole(20), "timed iterations");
  add("warmup_iters,w", whole(3), "iterations before them");
  add("seed", whole(0), "of gradients and factors");
  add("help", "show this text");
  return all;
}

LowRankOptions read_options(const CommandLine& line) {
  constexpr std::size_t kMost = 1'000'000'000;
  const Shape shape = parse_shape(line.text("shape"));
  const std::size_t smaller = std::min(shape.rows(), shape.columns());
  return {.lowrank = {.rows = shape.rows(),
                      .columns = shape.columns(),
                      .rank = line.whole("rank", 1, smaller),
                      .count = line.whole("count", 1, kMost)},
          .iterations = line.whole("iters", 1, kMost),
          .warm_up = line.whole("warmup_iters", 0, kMost),
          .seed = line.whole("seed", 0, std::numeric_limits<std::int64_t>::max()),
          .parameters = line.parameters()};
}

std::vector<Arm> make_arms(const LowRankOptions& options) {
  std::vector<Arm> arms;
  arms.push_back({"kernels", make_kernel_step(options.lowrank, options.seed), {}});
  auto blas = make_blas_step(options.lowrank, options.seed);
  if (blas) arms.push_back({"openblas", std::move(blas), {}});
  return arms;
}

// Elements of the residuals that differ after a first step; in later ones the arms part, as
// rounding errors grow with every power iteration.
std::size_t check(const Gradients<float>& gradients, std::vector<Arm>& arms) {
  for (Arm& arm : arms) arm.step->step(gradients.step(0));
  const std::vector<float>& first = arms.front().step->residuals();
  const std::vector<float>& last = arms.back().step->residuals();
  return count_wrong<float>(last, first, kTolerance * largest<float>(first));
}

// Arms and floor take turns, so that all see the same weather. Returns the residual adds' seconds.
std::vector<double> measure(const LowRankOptions& options, const Gradients<float>& gradients,
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
        arm.step->step(gradients.step(i));
      }
      if (timed) arm.seconds.push_back(seconds);
    }
  }
  return residual_adds;
}

void print(const LowRankOptions& options, const std::vector<Arm>& arms, double residual_add) {
  Table table(std::cout, {{"arm", "", 8},
                          {"median", "(ms)", 9},
                          {"least", "(ms)", 9},
                          {"speed", "(GB/s)", 7},
                          {"of r-add", "(x)", 8},
                          {"of kernels", "(x)", 10}});
  table.comment("pith-bench " PITH_VERSION " lowrank");
  table.comment(options.parameters);
  table.comment(machine() + "; one thread");
  table.header();
  const double bytes = 4.0 * static_cast<double>(arms[0].step->residuals().size());
  for (const Arm& arm : arms) {
    const double seconds = median(arm.seconds);
    table.row({arm.name, fixed(seconds * 1e3, 3), fixed(std::ranges::min(arm.seconds) * 1e3, 3),
               fixed(bytes / seconds / 1e9, 3), fixed(seconds / residual_add, 2),
               fixed(seconds / median(arms[0].seconds), 2)});
  }
  if (arms.size() == 1) table.comment("built without OpenBLAS");
}

}  // namespace

int run_lowrank(int argc, char** argv) {
  const auto all = description();
  const CommandLine line(argc, argv, all);
  if (line.given("help")) {
    std::cout << all;
    return kFine;
  }
  const LowRankOptions options = read_options(line);
  std::vector<Arm> arms = make_arms(options);
  const std::size_t n = options.lowrank.count * options.lowrank.elements();
  const Gradients<float> gradients("gaussian", n, options.seed, 0);
  const std::size_t wrong = check(gradients, arms);
  const double residual_add = median(measure(options, gradients, arms));
  print(options, arms, residual_add);
  std::cout << "# wrong values: " << wrong << std::endl;
  return wrong == 0 ? kFine : kWrongValues;
}

}  // namespace pith::bench
