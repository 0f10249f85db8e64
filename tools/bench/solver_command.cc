// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <limits>
#include <random>

#include <pith/adaptive/solver.h>
#include <pith/collectives/stopwatch.h>
#include <pith/core/simd.h>

#include "command_line.h"
#include "commands.h"
#include "exit_code.h"
#include "machine.h"
#include "median.h"
#include "table.h"

namespace pith::bench {
namespace {

namespace po = boost::program_options;

struct SolverCase {
  std::size_t layers;
  std::size_t candidates;
  std::size_t levels;
  std::size_t iterations;
  std::size_t warm_up;
  std::uint64_t seed;
  std::string parameters;
};

po::options_description description() {
  const auto whole = [](std::int64_t value) {
    return po::value<std::int64_t>()->default_value(value);
  };
  po::options_description all(
      "pith-bench solver: how long layer-wise choice takes, on one thread\n\n"
      "  pith-bench solver --layers 160 --candidates 16 --levels 10000\n");
  auto add = all.add_options();
  add("layers", whole(160), "of the model");
  add("candidates", whole(16), "of each layer");
  add("levels", whole(10'000), "into which the budget is divided");
  add("iters,n", whole(20), "timed iterations");
  add("warmup_iters,w", whole(2), "iterations before them");
  add("seed", whole(0), "of errors and costs");
  add("help", "show this text");
  return all;
}

SolverCase read_options(const CommandLine& line) {
  constexpr std::size_t kMost = 100'000;
  SolverCase options;
  options.layers = line.whole("layers", 1, kMost);
  options.candidates = line.whole("candidates", 1, 1000);
  options.levels = line.whole("levels", 1, kMost);
  options.iterations = line.whole("iters", 1, kMost);
  options.warm_up = line.whole("warmup_iters", 0, kMost);
  options.seed = line.whole("seed", 0, std::numeric_limits<std::int64_t>::max());
  options.parameters = line.parameters();
  return options;
}

/// Layers of very different sizes. Costs rise with the candidate and errors fall, so that none is
/// dominated; the standard is the one in the middle.
std::vector<LayerCandidates> random_layers(const SolverCase& options) {
  std::mt19937_64 random(options.seed);
  const auto uniform = [&random] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  std::vector<LayerCandidates> layers(options.layers);
  for (LayerCandidates& layer : layers) {
    const double elements = std::exp2(10 + 12 * uniform());
    double error = elements * std::exp2(8 * uniform());
    for (std::size_t c = 0; c < options.candidates; ++c) {
      layer.squared_errors.push_back(error *= 0.5 + 0.49 * uniform());
      layer.costs.push_back(static_cast<std::uint64_t>(elements * static_cast<double>(c + 1)));
    }
    layer.standard = options.candidates / 2;
  }
  return layers;
}

struct Goal {
  std::string name;
  std::function<Solution()> solve;
};

std::vector<double> measure(const Goal& goal, const SolverCase& options) {
  std::vector<double> milliseconds;
  for (std::size_t i = 0; i < options.warm_up + options.iterations; ++i) {
    double seconds = 0;
    {
      const Stopwatch watch(seconds);
      goal.solve();
    }
    if (i >= options.warm_up) milliseconds.push_back(1e3 * seconds);
  }
  return milliseconds;
}

/// 1 if an instruction set gives another assignment than the best one, or one worse than uniform.
std::size_t count_wrong(const Solution& solution, const Solution& expected,
                        const Solution& uniform) {
  return solution.assignment != expected.assignment ||
         solution.error > uniform.error * (1 + 1e-9) || solution.cost > uniform.cost;
}

std::vector<std::string> row(const Goal& goal, const SimdTarget& target, const SolverCase& options,
                             const Solution& uniform, std::size_t& wrong) {
  const Solution expected = goal.solve();
  const SimdTargetGuard guard(target);
  const Solution solution = goal.solve();
  const std::size_t mine = count_wrong(solution, expected, uniform);
  wrong += mine;
  const auto milliseconds = measure(goal, options);
  return {goal.name,
          target.name,
          fixed(median(milliseconds), 2),
          fixed(*std::ranges::max_element(milliseconds), 2),
          fixed(solution.error / uniform.error, 3),
          fixed(static_cast<double>(solution.cost) / static_cast<double>(uniform.cost), 3),
          std::to_string(mine)};
}

int run(const SolverCase& options) {
  const auto layers = random_layers(options);
  const Assignment current = uniform_assignment(layers);
  const Problem problem{.layers = layers, .current = current, .levels = options.levels};
  const Solution uniform = evaluate(problem, current);
  const std::vector<Goal> goals{
      {"least cost", [&] { return least_cost(problem, uniform.error); }},
      {"least error", [&] { return least_error(problem, uniform.cost); }}};
  Table table(std::cout, {{"goal", "", 12},
                          {"target", ""},
                          {"median", "(ms)"},
                          {"largest", "(ms)"},
                          {"error", "of uniform", 10},
                          {"cost", "of uniform", 10},
                          {"#wrong", ""}});
  table.comment("pith-bench " PITH_VERSION " solver");
  table.comment(options.parameters);
  table.comment(machine());
  table.header();
  std::size_t wrong = 0;
  for (const SimdTarget& target : simd_targets()) {
    for (const Goal& goal : goals) table.row(row(goal, target, options, uniform, wrong));
  }
  return wrong == 0 ? kFine : kWrongValues;
}

}  // namespace

int run_solver(int argc, char** argv) {
  const auto all = description();
  const CommandLine line(argc, argv, all);
  if (line.given("help")) {
    std::cout << all;
    return kFine;
  }
  return run(read_options(line));
}

}  // namespace pith::bench
