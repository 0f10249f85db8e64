// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include <pith/core/environment.h>
#include <pith/core/error.h>
#include <pith/core/log.h>

#include "commands.h"
#include "exit_code.h"
#include "print_error.h"

namespace pith::bench {
namespace {

struct Command {
  std::string_view name;
  int (*run)(int argc, char** argv);
};

constexpr Command kCommands[] = {
    {"codec", run_codec},
    {"curves", run_curves},
    {"allreduce", run_all_reduce},
    {"allgather", run_all_gather},
    {"reduce_scatter", run_reduce_scatter},
    {"auto", run_automatic},
    {"lowrank", run_lowrank},
    {"overlap", run_overlap},
    {"solver", run_solver},
    {"topk", run_topk},
};

constexpr std::string_view kHelp =
    "pith-bench codec [options]            how fast tensors are coded and decoded\n"
    "pith-bench curves [options]           how far off error curves are, and what they cost\n"
    "pith-bench allreduce [options]        a compressed all-reduce against the raw ones\n"
    "pith-bench allgather [options]        the same for shards that every rank is to have\n"
    "pith-bench reduce_scatter [options]   and for a mean of which every rank gets its shard\n"
    "pith-bench auto [options]             what exchange=auto predicts and takes, against all\n"
    "                                      ways\n"
    "pith-bench lowrank [options]          a low-rank step against one by OpenBLAS\n"
    "pith-bench overlap [options]          how much of an exchange computing hides\n"
    "pith-bench solver [options]           how long layer-wise choice takes\n"
    "pith-bench topk [options]             a top-k step against std::nth_element and LibTorch\n"
    "--help after a command shows its options; docs/numbers.md defines every number.\n";

// A benchmark measures what its flags say: variables that beat the code would beat them too.
void ignore_environment() {
  for (const std::string& name : known_environment()) {
    if (name == "PITH_DEBUG" || std::getenv(name.c_str()) == nullptr) continue;
    print_error(name + " is ignored: the flags say what is measured");
    unsetenv(name.c_str());
  }
}

int run(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  if (name == "--help") {
    std::cout << kHelp;
    return kFine;
  }
  const auto command = std::ranges::find(kCommands, name, &Command::name);
  if (command == std::end(kCommands)) {
    print_error(argc > 1 ? "unknown command " + std::string(name) : "a command is missing");
    std::cerr << kHelp;
    return kUsage;
  }
  ignore_environment();
  // What a reducer advises trainers to do is not meant for a benchmark.
  if (std::getenv("PITH_DEBUG") == nullptr) set_log_level(LogLevel::none);
  return command->run(argc - 1, argv + 1);
}

}  // namespace
}  // namespace pith::bench

int main(int argc, char** argv) try {
  return pith::bench::run(argc, argv);
} catch (const pith::UsageError& error) {
  pith::bench::print_error(error.what());
  return pith::bench::kUsage;
} catch (const std::exception& error) {
  pith::bench::print_error(error.what());
  return pith::bench::kWrongValues;
}
