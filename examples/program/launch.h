// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include <pith/comm/communicator.h>
#include <pith/core/error.h>

namespace program {

using Body = std::function<void(pith::Communicator&)>;

/// Runs `body` on `ranks` ranks as threads and returns the exit code: 0, 64 for a usage error, 1
/// for any other. A message is printed once.
int run_as_threads(int ranks, const Body& body);

/// Runs `body` on this rank of MPI's world. A usage error, which by contract all ranks meet, is
/// printed by the first and ends the job in order; anything else aborts it.
int run_under_mpi(int& argc, char**& argv, const Body& body);

/// Runs `work`, which must not communicate. If it throws on some rank, every rank throws a
/// pith::UsageError with the first such rank and its message, so that nobody waits for it.
void on_every_rank(pith::Communicator& communicator, const std::function<void()>& work);

/// Prints "<program>: <message>" to the standard error, in one write, so that the output of another
/// rank does not come in between.
void print_error(std::string_view message);

/// A whole program: reads the command line and trains on the ranks that it asks for, or shows the
/// help. Returns the exit code.
template <class Options>
int run_program(int argc, char** argv, Options (*parse)(int, const char* const*),
                void (*train)(const Options&, pith::Communicator&)) {
  std::optional<Options> options;
  std::string problem;
  try {
    options = parse(argc, argv);
  } catch (const pith::UsageError& error) {
    problem = error.what();  // printed by the first rank, which is not known yet
  }
  const Body body = [&](pith::Communicator& world) {
    if (!options) throw pith::UsageError(problem);
    if (options->help.empty()) return train(*options, world);
    if (world.rank() == 0) std::cout << options->help;
  };
  if (options && options->local_ranks > 0) return run_as_threads(options->local_ranks, body);
  return run_under_mpi(argc, argv, body);
}

}  // namespace program
