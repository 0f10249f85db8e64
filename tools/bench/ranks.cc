// SPDX-License-Identifier: Apache-2.0
#include "ranks.h"

#include <pith/comm/local.h>
#include <pith/core/error.h>

#include "exit_code.h"

namespace pith::bench {
namespace {

namespace po = boost::program_options;

std::optional<Link> read_link(const CommandLine& line, int local) {
  const auto rate = line.optional_number_above("link", 0);
  const auto latency = line.optional_number_above("link-latency", 0);
  if (latency && !rate) throw UsageError("--link-latency needs --link");
  if (!rate) return std::nullopt;
  if (local == 0) throw UsageError("--link needs --local: under MPI the network is what it is");
  Link link{.bytes_per_second = *rate, .latency_seconds = latency.value_or(0)};
  link.check();
  return link;
}

int run_as_threads(const Ranks& ranks, const Body& body) {
  int exit_code = kFine;
  run_local(ranks.local,
            [&](Communicator& communicator) {
              const int mine = body(communicator);
              if (communicator.rank() == 0) exit_code = mine;
            },
            {.link = ranks.link});
  return exit_code;
}

}  // namespace

void describe_ranks(po::options_description& all) {
  auto add = all.add_options();
  add("local", po::value<std::int64_t>()->default_value(0),
      "run this many ranks as threads, without MPI");
  add("link", po::value<double>(),
      "with --local: bytes per second of each rank's link, either way (docs/networks.md)");
  add("link-latency", po::value<double>(), "with --link: seconds that a step takes more");
}

Ranks read_ranks(const CommandLine& line) {
  Ranks ranks;
  ranks.local = static_cast<int>(line.whole("local", 0, 1024));
  ranks.link = read_link(line, ranks.local);
  return ranks;
}

int run_on(const Ranks& ranks, int& argc, char**& argv, const Body& body) {
  if (ranks.local > 0) return run_as_threads(ranks, body);
  return run_under_mpi(argc, argv, body);
}

}  // namespace pith::bench
