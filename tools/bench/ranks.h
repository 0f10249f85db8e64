// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <optional>

#include <pith/comm/link.h>

#include "command_line.h"
#include "launch.h"

// Which ranks a command runs on: those of MPI's world, or threads with --local.
namespace pith::bench {

struct Ranks {
  int local = 0;             ///< ranks as threads; 0: under MPI
  std::optional<Link> link;  ///< of each of these ranks
};

/// Adds --local, --link and --link-latency.
void describe_ranks(boost::program_options::options_description& all);

/// Throws   UsageError for values that are wrong or do not go together.
Ranks read_ranks(const CommandLine& line);

/// Runs `body` on each of them and returns what it returns.
int run_on(const Ranks& ranks, int& argc, char**& argv, const Body& body);

}  // namespace pith::bench
