// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <limits>
#include <memory>
#include <string>

#include <pith/core/error.h>

#include "automatic_report.h"
#include "command_line.h"
#include "commands.h"
#include "data.h"
#include "exit_code.h"
#include "reducer_arm.h"
#include "sizes.h"

namespace pith::bench {
namespace {

namespace po = boost::program_options;
po::options_description description() {
  const auto text = [](const char* value) {
    return po::value<std::string>()->default_value(value);
  };
  const auto whole = [](std::int64_t value) {
    return po::value<std::int64_t>()->default_value(value);
  };
  po::options_description all(
      "pith-bench auto: what exchange=auto predicts and takes, against every way that it may\n"
      "take, in turns\n\n"
      "  mpirun -np 2 pith-bench auto -b 64K -e 16M --compressor 'auto(onebit,topk(k=99))'\n");
  auto add = all.add_options();
  add("minbytes,b", text("64K"), "smallest size, fp32");
  add("maxbytes,e", text("16M"), "largest size");
  add("stepfactor,f", po::value<double>()->default_value(16), "between sizes");
  add("compressor", text("auto(topk(density=0.01),onebit,quantize(bits=4))"), "spec");
  add("feedback", text("ef14"), "rule");
  add("exchange", text("auto"), "natural or auto");
  add("iters,n", whole(10), "timed iterations");
  add("warmup_iters,w", whole(2), "iterations before them");
  add("seed", whole(0), "of gradients and compressors");
  add("json,J", text(""), "file to write");
  add("help", "show this text");
  describe_ranks(all);
  return all;
}

AutomaticOptions read_options(const CommandLine& line) {
  constexpr std::size_t kMost = 1'000'000;
  AutomaticOptions options;
  options.what = {line.text("compressor"), line.text("feedback"), line.text("exchange")};
  options.sizes = sweep(parse_bytes(line.text("minbytes")), parse_bytes(line.text("maxbytes")),
                        line.number_above("stepfactor", 1), sizeof(float));
  options.iterations = line.whole("iters", 1, kMost);
  options.warm_up = line.whole("warmup_iters", 0, kMost);
  options.seed = line.whole("seed", 0, std::numeric_limits<std::int64_t>::max());
  options.json = line.text("json");
  options.parameters = line.parameters();
  options.ranks = read_ranks(line);
  return options;
}

/// One way, as a reducer that knows no other.
struct FixedArm {
  FixedArm(Communicator& communicator, const ArmCase& what) : arm(communicator, what) {}

  void run(std::span<float> x, bool timed) {
    const Sample sample = arm.run(x);
    if (!timed) return;
    walls.push_back(sample);
    parts.emplace_back().seconds =
        sample.encode_seconds + sample.exchange_seconds + sample.decode_seconds;
  }

  ReducerArm<float> arm;
  std::vector<Sample> walls;
  std::vector<Sample> parts;  // without the agreement: what is predicted
};

SizeResult measure(const AutomaticOptions& options, std::size_t bytes, Communicator& communicator) {
  const Shape shape = nearly_square(bytes / sizeof(float));
  const Gradients<float> gradients("gaussian", shape.elements(), options.seed, communicator.rank());
  std::vector<float> x(shape.elements());
  std::size_t step = 0;
  const auto next_gradient = [&]() -> std::span<float> {
    std::ranges::copy(gradients.step(step), x.begin());
    return x;
  };
  ArmCase one{.what = options.what, .shape = shape, .seed = options.seed};
  ReducerArm<float> automatic(communicator, one);
  automatic.settle(next_gradient());
  const auto decisions = automatic.decisions();
  if (decisions.empty()) {
    throw UsageError("auto: " + options.what.compressor + " over exchange " +
                     options.what.exchange + " leaves nothing to choose");
  }
  const AutomaticStatistics& known = decisions.front();
  std::vector<std::unique_ptr<FixedArm>> arms;
  for (const AutomaticWay& way : known.ways) {
    one.what = {way.compressor, options.what.feedback, way.exchange};
    arms.push_back(std::make_unique<FixedArm>(communicator, one));
  }
  for (; step <= options.warm_up + options.iterations; ++step) {
    for (const auto& arm : arms) {
      arm->run(next_gradient(), false);  // a link's credit is its own, not what others left
      arm->run(next_gradient(), step > options.warm_up);
    }
  }
  SizeResult result{.bytes = bytes, .ways = {}, .chosen = known.chosen};
  for (std::size_t w = 0; w < arms.size(); ++w) {
    result.ways.push_back(
        {.way = known.ways[w],
         .seconds = Samples(communicator, arms[w]->walls).slowest(&Sample::seconds),
         .parts = Samples(communicator, arms[w]->parts).slowest(&Sample::seconds)});
  }
  return result;
}

int run(const AutomaticOptions& options, Communicator& communicator) {
  std::unique_ptr<AutomaticReport> report;
  if (communicator.rank() == 0)
    report = std::make_unique<AutomaticReport>(options, communicator.size());
  for (const std::size_t bytes : options.sizes) {
    const SizeResult result = measure(options, bytes, communicator);
    if (report) report->add(result);
  }
  if (report) report->finish();
  return kFine;
}

}  // namespace

int run_automatic(int argc, char** argv) {
  const auto all = description();
  const CommandLine line(argc, argv, all);
  if (line.given("help")) {
    std::cout << all;
    return kFine;
  }
  const AutomaticOptions options = read_options(line);
  return run_on(options.ranks, argc, argv,
                [&](Communicator& communicator) { return run(options, communicator); });
}

}  // namespace pith::bench
