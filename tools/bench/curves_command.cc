// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <limits>

#include <pith/collectives/stopwatch.h>
#include <pith/core/error.h>

#include "command_line.h"
#include "commands.h"
#include "curves_report.h"
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

struct CurvesOptions {
  CurvesCase task;
  std::string data;
  std::size_t iterations;
  std::size_t warm_up;
  std::uint64_t seed;
  std::string parameters;
};

struct CurveArm {
  std::string name;
  ErrorCurve<float> curve;
  std::vector<double> seconds = {};
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

std::vector<Pipeline> parse_all(const std::vector<std::string>& specs) {
  std::vector<Pipeline> out;
  std::ranges::transform(specs, std::back_inserter(out), parse_pipeline);
  return out;
}

// 17 densities, from 10 % down by a factor of about 1.5 each.
std::vector<std::string> top_k_specs() {
  std::vector<std::string> specs;
  for (const char* density :
       {"0.1", "0.07", "0.05", "0.03", "0.02", "0.015", "0.01", "0.007", "0.005", "0.003", "0.002",
        "0.0015", "0.001", "0.0007", "0.0005", "0.0003", "0.0001"}) {
    specs.push_back(std::string("topk(density=") + density + ")");
  }
  return specs;
}

std::vector<std::string> quantize_specs() {
  std::vector<std::string> specs;
  for (const char* bits : {"2", "3", "4", "5", "6", "7", "8"}) {
    specs.push_back(std::string("quantize(bits=") + bits + ")");
  }
  return specs;
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

std::vector<CurveArm> make_arms(const Shape& shape) {
  auto both = top_k_specs();
  const auto quantize = quantize_specs();
  both.insert(both.end(), quantize.begin(), quantize.end());
  std::vector<CurveArm> arms;
  const auto add = [&](std::string name, const std::vector<std::string>& specs, Sampling sampling) {
    arms.push_back({std::move(name), ErrorCurve<float>(parse_all(specs), shape, sampling)});
  };
  add("topk and quantize, sampled", both, {});
  add("topk, sampled", top_k_specs(), {});
  add("quantize, sampled", quantize, {});
  add("topk and quantize, all", both, {.one_in = 1});
  add("topk, all", top_k_specs(), {.one_in = 1});
  add("quantize, all", quantize, {.one_in = 1});
  add("lowrank to 16", {"lowrank(rank=1)", "lowrank(rank=4)", "lowrank(rank=16)"}, {});
  return arms;
}

// Arms, reads and a low-rank step take turns.
void print_times(const CurvesOptions& options, const Gradients<float>& gradients) {
  auto arms = make_arms(options.task.shape);
  Floors<float> floors(gradients.size());
  std::vector<double> reads;
  Scratch scratch;
  for (std::size_t i = 0; i < options.warm_up + options.iterations; ++i) {
    const double read = floors.measure(gradients.step(i)).read;
    if (i >= options.warm_up) reads.push_back(read);
    for (CurveArm& arm : arms) {
      double seconds = 0;
      {
        Stopwatch watch(seconds);
        arm.curve.observe(WholeSource<float>(gradients.step(i)), {.step = i}, scratch);
      }
      if (i >= options.warm_up) arm.seconds.push_back(seconds);
    }
  }
  Table table(std::cout, {{"estimates", "", 26}, {"median", "(ms)", 9}, {"of read", "(x)", 8}});
  table.header();
  table.row({"plain read", fixed(median(reads) * 1e3, 3), "1.00"});
  for (const CurveArm& arm : arms) {
    const double seconds = median(arm.seconds);
    table.row({arm.name, fixed(seconds * 1e3, 3), fixed(seconds / median(reads), 2)});
  }
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
  const Gradients<float> gradients(options.data, options.task.shape.elements(), options.seed, 0);
  print_accuracy(std::cout, options.task, gradients);
  if (options.iterations > 0) print_times(options, gradients);
  return kFine;
}

}  // namespace pith::bench
