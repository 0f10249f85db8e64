// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <limits>

#include <pith/core/error.h>

#include "command_line.h"
#include "commands.h"
#include "curves_report.h"
#include "curves_times.h"
#include "exit_code.h"
#include "layers.h"
#include "machine.h"
#include "sizes.h"

namespace pith::bench {
namespace {

namespace po = boost::program_options;

struct CurvesOptions {
  CurvesCase task;            // whose errors are shown, or
  std::vector<Shape> layers;  // of a model, for times alone
  std::string data;
  std::size_t iterations;
  std::size_t warm_up;
  std::uint64_t seed;
  std::string parameters;
};

po::options_description description() {
  const auto whole = [](std::int64_t value) {
    return po::value<std::int64_t>()->default_value(value);
  };
  const auto text = [](const char* value) {
    return po::value<std::string>()->default_value(value);
  };
  po::options_description all(
      "pith-bench curves: how far off the estimated errors of compressors are, and what "
      "estimating\nthem costs, in turns with a plain read\n\n"
      "  pith-bench curves --shape 1024x1024 --data heavy --steps 10\n");
  auto add = all.add_options();
  add("shape", text("1024x1024"), "RxC, of the matrix whose errors are estimated");
  add("layers", po::value<std::string>(),
      "every matrix of a list of layers (tools/layers) instead: what they take, no errors");
  add("data", text("gaussian"),
      "gaussian, heavy, sorted, periodic, constant, spike, zeros, or a file of float32 values");
  add("compressor", po::value<std::vector<std::string>>()->composing(),
      "SPEC, may be repeated; default: some of every family");
  add("steps", whole(10), "over which errors are averaged");
  add("iters,n", whole(20), "timed iterations; 0: only the errors");
  add("warmup_iters,w", whole(3), "iterations before them");
  add("seed", whole(0), "of the matrices");
  add("help", "show this text");
  return all;
}

std::vector<std::string> some_of_each() {
  return {"none",
          "cast(fp16)",
          "cast(bf16)",
          "natural",
          "topk(density=0.1)",
          "topk(density=0.01)",
          "topk(density=0.001)",
          "topk(density=0.01,values=bf16)",
          "threshold(value=0.5)",
          "randomk(density=0.01)",
          "quantize(bits=2)",
          "quantize(bits=4)",
          "quantize(bits=8)",
          "quantize(bits=4,rounding=stochastic)",
          "quantize(bits=4,range=qsgd)",
          "quantize(bits=4,range=max)",
          "onebit",
          "onebit(scale=l2)",
          "onebit(scale=sides)",
          "onebit(scale=deviation)",
          "lowrank(rank=1)",
          "lowrank(rank=4)",
          "lowrank(rank=16)",
          "acp(rank=4)",
          "levels(bits=4)",
          "blocktopk(k=40)",
          "dct_topk(k=4)",
          "topk(density=0.01)|quantize(bits=4)"};
}

CurvesOptions read_options(const CommandLine& line) {
  constexpr std::size_t kMost = 1'000'000'000;
  CurvesOptions options;
  options.task.shape = parse_shape(line.text("shape"));
  if (line.given("layers")) options.layers = read_matrices(line.text("layers"));
  options.task.candidates =
      parse_all(line.given("compressor") ? line.words("compressor") : some_of_each());
  options.task.steps = line.whole("steps", 1, kMost);
  options.data = line.text("data");
  options.iterations = line.whole("iters", 0, kMost);
  options.warm_up = line.whole("warmup_iters", 0, kMost);
  options.seed = line.whole("seed", 0, std::numeric_limits<std::int64_t>::max());
  options.parameters = line.parameters();
  return options;
}

}  // namespace

int run_curves(int argc, char** argv) {
  const auto all = description();
  const CommandLine line(argc, argv, all);
  if (line.given("help")) {
    std::cout << all;
    return kFine;
  }
  const CurvesOptions options = read_options(line);
  std::cout << "# pith-bench " PITH_VERSION " curves\n# " << options.parameters << "\n# "
            << machine() << "; one thread\n";
  const bool model = !options.layers.empty();
  const auto shapes = model ? options.layers : std::vector{options.task.shape};
  const Gradients<float> gradients(options.data, elements_of(shapes), options.seed, 0);
  if (!model) print_accuracy(std::cout, options.task, gradients);
  if (options.iterations > 0) {
    print_curve_times(std::cout, shapes, gradients, {options.warm_up, options.iterations});
  }
  return kFine;
}

}  // namespace pith::bench
