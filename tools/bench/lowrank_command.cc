// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <limits>

#include <pith/core/error.h>

#include "arms.h"
#include "command_line.h"
#include "commands.h"
#include "compare.h"
#include "exit_code.h"
#include "lowrank_step.h"
#include "sizes.h"

namespace pith::bench {
namespace {

namespace po = boost::program_options;

// Between two orders of summation, of the largest element of the residual.
constexpr double kTolerance = 1e-4;

struct LowRankOptions : ArmOptions {
  LowRankCase lowrank;
  std::uint64_t seed;
};

using Steps = std::vector<std::unique_ptr<LowRankStep>>;

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
  LowRankOptions options;
  options.command = "lowrank";
  options.parameters = line.parameters();
  options.iterations = line.whole("iters", 1, kMost);
  options.warm_up = line.whole("warmup_iters", 0, kMost);
  options.lowrank = {.rows = shape.rows(),
                     .columns = shape.columns(),
                     .rank = line.whole("rank", 1, smaller),
                     .count = line.whole("count", 1, kMost)};
  options.seed = line.whole("seed", 0, std::numeric_limits<std::int64_t>::max());
  return options;
}

Steps make_steps(const LowRankOptions& options) {
  Steps steps;
  steps.push_back(make_kernel_step(options.lowrank, options.seed));
  auto blas = make_blas_step(options.lowrank, options.seed);
  if (blas) steps.push_back(std::move(blas));
  return steps;
}

std::vector<Arm> arms_of(const Steps& steps) {
  std::vector<Arm> arms;
  for (const auto& step : steps) {
    arms.push_back({arms.empty() ? "kernels" : "openblas",
                    [&step](std::span<const float> gradient) { step->step(gradient); }});
  }
  return arms;
}

// Elements of the residuals that differ after a first step; in later ones the arms part, as
// rounding errors grow with every power iteration.
std::size_t check(const Gradients<float>& gradients, const Steps& steps) {
  for (const auto& step : steps) step->step(gradients.step(0));
  const std::vector<float>& first = steps.front()->residuals();
  const std::vector<float>& last = steps.back()->residuals();
  return count_wrong<float>(last, first, kTolerance * largest<float>(first));
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
  const Steps steps = make_steps(options);
  const std::size_t n = options.lowrank.count * options.lowrank.elements();
  const Gradients<float> gradients("gaussian", n, options.seed, 0);
  const std::size_t wrong = check(gradients, steps);
  std::vector<Arm> arms = arms_of(steps);
  const double residual_add = take_turns(options, gradients, arms);
  print_arms(options, arms, n, residual_add);
  if (arms.size() == 1) std::cout << "# built without OpenBLAS\n";
  std::cout << "# wrong values: " << wrong << std::endl;
  return wrong == 0 ? kFine : kWrongValues;
}

}  // namespace pith::bench
