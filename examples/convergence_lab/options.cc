// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <limits>

#include "program/command_line.h"

namespace convergence_lab {
namespace {

constexpr const char* kDefaultMethods[] = {"gd", "ef14 topk(k=1)", "ef21 topk(k=1) first=dense",
                                           "ef21 topk(k=1) first=dense step=am",
                                           "econtrol topk(k=1) first=dense"};

boost::program_options::options_description describe() {
  using program::text;
  using program::whole;
  boost::program_options::options_description description(
      "Runs optimisation methods side by side and records gradient norm and objective against\n"
      "rounds and bytes.\n\n"
      "  convergence_lab --clients 20 --data mushrooms.libsvm --svg mushrooms.svg\n"
      "  mpirun -np 4 convergence_lab --problem heterogeneous --method 'ef21 topk(k=1) "
      "factor=2'\n\n"
      "A method is ALGORITHM [COMPRESSOR] [step=gd|qm|am|NUMBER] [factor=F] [exchange=NAME]\n"
      "[first=dense]; ALGORITHM is gd (nothing compressed), a feedback rule, or one of\n"
      "scallion(alpha=0.1,local_steps=5,global_rate=1,participants=0), scafcom(beta=0.2,...),\n"
      "masha1(tau=0.75,refresh_every=0), masha2(...).\n\nOptions");
  description.add_options()("help", "show this text")(
      "problem", text("logistic"),
      "logistic(lambda=0.1,start=1), least_squares(lambda=0,start=1), heterogeneous, "
      "spread(d=50), unequal(d=10), bilinear(d=10,lambda=0.1)")(
      "data", text(""), "rows of logistic and least_squares, a file in LIBSVM's format")(
      "split", text("shuffled"), "rows of a client: shuffled, or sorted by label")(
      "method", boost::program_options::value<std::vector<std::string>>(),
      "may be repeated; without it EF14, EF21, EF21-W, EControl and gradient descent")(
      "rounds", whole(1000), "of each method")("every", whole(1), "rounds between two points")(
      "seed", whole(0), "of the split, the start and the methods")(
      "clients", whole(0), "run this many clients as threads, without MPI")(
      "json", text(""), "write what was measured to this file")("svg", text(""),
                                                                "draw it into this file");
  return description;
}

}  // namespace

Options parse_options(int argc, const char* const* argv) {
  const program::Reader reader(argc, argv, describe());
  Options options;
  options.problem.problem = reader.text("problem");
  options.problem.data = reader.text("data");
  options.problem.split =
      reader.choice<Split>("split", {{"shuffled", Split::shuffled}, {"sorted", Split::sorted}});
  options.problem.seed =
      static_cast<std::uint64_t>(reader.whole("seed", 0, std::numeric_limits<std::int64_t>::max()));
  for (const auto& text : reader.texts("method")) options.methods.push_back(parse_method(text));
  if (options.methods.empty()) {
    for (const char* text : kDefaultMethods) options.methods.push_back(parse_method(text));
  }
  options.duration.rounds = static_cast<std::size_t>(reader.whole("rounds", 1));
  options.duration.every = static_cast<std::size_t>(reader.whole("every", 1));
  options.json = reader.text("json");
  options.svg = reader.text("svg");
  options.local_ranks = static_cast<int>(reader.whole("clients", 0, 1024));
  options.help = reader.help();
  return options;
}

}  // namespace convergence_lab
