// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <limits>
#include <string>

#include "command_line.h"
#include "commands.h"
#include "compare.h"
#include "exit_code.h"
#include "machine.h"
#include "overlap_step.h"
#include "sizes.h"
#include "table.h"

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
      "pith-bench overlap: a backward pass that takes as long as the exchange, with exchanges in\n"
      "it and behind it, in turns\n\n"
      "  mpirun -np 2 pith-bench overlap --tensors 16 -b 25M --compressor onebit\n");
  auto add = all.add_options();
  add("bytes,b", text("25M"), "of all gradients, fp32");
  add("tensors", whole(16), "that backward computes one after the other");
  add("compressor", text("none"), "spec");
  add("feedback", text("ef14"), "rule");
  add("exchange", text("natural"), "as for allreduce");
  add("bucket-bytes", text("1M"), "tensors that travel together");
  add("iters,n", whole(10), "timed iterations");
  add("warmup_iters,w", whole(2), "iterations before them");
  add("seed", whole(0), "of gradients and compressors");
  add("help", "show this text");
  describe_ranks(all);
  return all;
}

OverlapOptions read_options(const CommandLine& line) {
  constexpr std::size_t kMost = 1'000'000;
  OverlapOptions options;
  options.tensors = line.whole("tensors", 1, kMost);
  options.elements =
      std::max<std::size_t>(1, parse_bytes(line.text("bytes")) / sizeof(float) / options.tensors);
  options.compressor = line.text("compressor");
  options.feedback = line.text("feedback");
  options.exchange = line.text("exchange");
  options.bucket_bytes = parse_bytes(line.text("bucket-bytes"));
  options.iterations = line.whole("iters", 1, kMost);
  options.warm_up = line.whole("warmup_iters", 0, kMost);
  options.seed = line.whole("seed", 0, std::numeric_limits<std::int64_t>::max());
  options.ranks = read_ranks(line);
  options.parameters = line.parameters();
  return options;
}

/// Steps of one kind as all ranks saw them: of the slowest, the median.
class Steps {
 public:
  void add(const Step& step) {
    walls_.push_back(step.wall);
    computings_.push_back(step.computing);
  }

  double wall(Communicator& communicator) const {
    return Samples(communicator, walls_).slowest(&Sample::seconds);
  }
  double computing(Communicator& communicator) const {
    return Samples(communicator, computings_).slowest(&Sample::seconds);
  }

 private:
  std::vector<Sample> walls_;
  std::vector<Sample> computings_;
};

class Comparison {
 public:
  Comparison(const OverlapOptions& options, Communicator& communicator)
      : options_(options),
        communicator_(communicator),
        gradients_("gaussian", options.tensors * options.elements, options.seed,
                   communicator.rank()),
        behind_(options, Progress::none, communicator),
        within_(options, Progress::thread, communicator) {}

  /// Exit code.
  int run() {
    calibrate();
    for (std::size_t i = 0; i < options_.warm_up; ++i) take_turns();
    alone_ = off_ = on_ = {};
    for (std::size_t i = 0; i < options_.iterations; ++i) take_turns();
    Sample wrong;
    wrong.seconds = static_cast<double>(wrong_);
    const double all_wrong = Samples(communicator_, {wrong}).total(&Sample::seconds);
    print(all_wrong);
    return all_wrong == 0 ? kFine : kWrongValues;
  }

 private:
  // Computing takes as long as the exchange takes without it.
  void calibrate() {
    Steps steps;
    for (std::size_t i = 0; i <= options_.iterations; ++i) {
      const Step step = behind_.step(gradients_, number_, computing_, 0);
      within_.step(gradients_, number_++, computing_, 0);
      if (i > 0) steps.add(step);
    }
    exchange_ = steps.wall(communicator_);
    products_ = computing_.products_in(exchange_ / static_cast<double>(options_.tensors));
    communicator_.broadcast(std::as_writable_bytes(std::span(&products_, 1)), 0);
  }

  void take_turns() {
    communicator_.barrier();
    Step alone;
    for (std::size_t t = 0; t < options_.tensors; ++t) compute(computing_, products_, alone);
    alone_.add(alone);
    off_.add(behind_.step(gradients_, number_, computing_, products_));
    on_.add(within_.step(gradients_, number_, computing_, products_));
    wrong_ += count_wrong<float>(within_.estimates(), behind_.estimates(), 0);
    ++number_;
  }

  void print(double wrong) {
    const double alone = alone_.computing(communicator_);
    const double off = off_.wall(communicator_);
    const double on = on_.wall(communicator_);
    const double slowed = on_.computing(communicator_) / alone - 1;
    if (communicator_.rank() != 0) return;
    Table table(std::cout, {{"compressor", "", 24},
                            {"compute", "(ms)"},
                            {"exchange", "(ms)"},
                            {"behind", "(ms)"},
                            {"within", "(ms)"},
                            {"hidden", "(%)"},
                            {"slowed", "(%)"},
                            {"#wrong", ""}});
    table.comment("pith-bench " PITH_VERSION " overlap");
    table.comment(options_.parameters);
    table.comment(machine() + "; " + std::to_string(communicator_.size()) + " ranks " +
                  (options_.ranks.local > 0 ? "as threads" : "under MPI"));
    table.header();
    table.row({options_.compressor, fixed(1e3 * alone, 2), fixed(1e3 * exchange_, 2),
               fixed(1e3 * off, 2), fixed(1e3 * on, 2),
               fixed(100 * (off - on) / std::min(alone, exchange_), 1), fixed(100 * slowed, 1),
               fixed(wrong, 0)});
  }

  const OverlapOptions& options_;
  Communicator& communicator_;
  Gradients<float> gradients_;
  Trainer behind_;
  Trainer within_;
  Computing computing_;
  std::size_t number_ = 0;
  std::size_t products_ = 0;
  double exchange_ = 0;
  Steps alone_, off_, on_;
  std::size_t wrong_ = 0;
};

}  // namespace

int run_overlap(int argc, char** argv) {
  const auto all = description();
  const CommandLine line(argc, argv, all);
  if (line.given("help")) {
    std::cout << all;
    return kFine;
  }
  const OverlapOptions options = read_options(line);
  return run_on(options.ranks, argc, argv, [&](Communicator& communicator) {
    return Comparison(options, communicator).run();
  });
}

}  // namespace pith::bench
