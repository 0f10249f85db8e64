// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>

#include <pith/comm/local.h>
#include <pith/core/error.h>

#include "arms.h"
#include "command_line.h"
#include "commands.h"
#include "compare.h"
#include "exit_code.h"
#include "topk_step.h"

namespace pith::bench {
namespace {

namespace po = boost::program_options;

constexpr const char* kTorch = "libtorch";

struct TopKOptions : ArmOptions {
  TopKCase topk;
  std::string data;
  std::uint64_t seed;
};

struct NamedStep {
  const char* name;
  std::unique_ptr<TopKStep> step;
};

po::options_description description() {
  const auto whole = [](std::int64_t value) {
    return po::value<std::int64_t>()->default_value(value);
  };
  po::options_description all(
      "pith-bench topk: a step of top-k with error feedback by this library, by "
      "std::nth_element\n"
      "and by LibTorch, in turns\n\n"
      "  pith-bench topk --count 25600000 --density 0.01\n");
  auto add = all.add_options();
  add("count", whole(25'600'000), "elements of the gradient");
  add("density", po::value<double>()->default_value(0.01), "fraction of them that is sent");
  add("data", po::value<std::string>()->default_value("gaussian"),
      "gaussian, sorted, periodic, constant, spike, zeros, or a file of float32 values");
  add("iters,n", whole(7), "timed iterations");
  add("warmup_iters,w", whole(1), "iterations before them");
  add("seed", whole(0), "of the gradients");
  add("help", "show this text");
  return all;
}

TopKOptions read_options(const CommandLine& line) {
  constexpr std::size_t kMost = 1'000'000'000;
  const double density = line.number_above("density", 0);
  if (density > 1) throw UsageError("--density: expected a number above 0, at most 1");
  TopKOptions options;
  options.command = "topk";
  options.parameters = line.parameters();
  options.iterations = line.whole("iters", 1, kMost);
  options.warm_up = line.whole("warmup_iters", 0, kMost);
  const std::size_t n = line.whole("count", 1, kMost);
  const double kept = std::ceil(density * static_cast<double>(n) * (1 - 1e-12));
  options.topk = {.elements = n, .kept = static_cast<std::size_t>(kept)};
  options.data = line.text("data");
  options.seed = line.whole("seed", 0, std::numeric_limits<std::int64_t>::max());
  return options;
}

std::vector<NamedStep> make_steps(const TopKCase& topk, Communicator& alone) {
  std::vector<NamedStep> steps;
  steps.push_back({"pith", make_pith_step(topk, alone)});
  steps.push_back({"nth_element of indices", make_indices_step(topk)});
  steps.push_back({"nth_element of a copy", make_copy_step(topk)});
  auto torch = make_torch_step(topk);
  if (torch) steps.push_back({kTorch, std::move(torch)});
  return steps;
}

// Which of equal magnitudes is sent is up to each: the smallest that is sent may differ.
std::size_t count_wrong_but_ties(std::span<const float> found, std::span<const float> expected) {
  const float tie = static_cast<float>(largest<float>(expected));
  if (static_cast<float>(largest<float>(found)) != tie) return found.size();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i] != expected[i] && std::max(std::abs(found[i]), std::abs(expected[i])) != tie) {
      ++wrong;
    }
  }
  return wrong;
}

// Elements of the residuals after a first step that are not the first arm's.
std::size_t check(const Gradients<float>& gradients, const std::vector<NamedStep>& steps) {
  std::size_t wrong = 0;
  for (const NamedStep& named : steps) {
    named.step->step(gradients.step(0));
    wrong += count_wrong_but_ties(named.step->residual(), steps.front().step->residual());
  }
  return wrong;
}

int measure(const TopKOptions& options, Communicator& alone) {
  const auto steps = make_steps(options.topk, alone);
  const Gradients<float> gradients(options.data, options.topk.elements, options.seed, 0);
  const std::size_t wrong = check(gradients, steps);
  std::vector<Arm> arms;
  for (const NamedStep& named : steps) {
    arms.push_back({named.name, [&named](auto gradient) { named.step->step(gradient); }});
  }
  const double residual_add = take_turns(options, gradients, arms);
  print_arms(options, arms, options.topk.elements, residual_add);
  if (std::string(steps.back().name) != kTorch) std::cout << "# built without LibTorch\n";
  std::cout << "# wrong values: " << wrong << std::endl;
  return wrong == 0 ? kFine : kWrongValues;
}

}  // namespace

int run_topk(int argc, char** argv) {
  const auto all = description();
  const CommandLine line(argc, argv, all);
  if (line.given("help")) {
    std::cout << all;
    return kFine;
  }
  const TopKOptions options = read_options(line);
  int exit_code = kFine;
  run_local(1, [&](Communicator& alone) { exit_code = measure(options, alone); });
  return exit_code;
}

}  // namespace pith::bench
