// SPDX-License-Identifier: Apache-2.0
#include "launch.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include <pith/comm/local.h>
#include <pith/core/error.h>

#include "exit_code.h"

namespace program {
namespace {

std::vector<std::size_t> gather_sizes(pith::Communicator& communicator, std::size_t mine) {
  std::vector<std::size_t> sizes(static_cast<std::size_t>(communicator.size()));
  communicator.all_gather(std::as_bytes(std::span(&mine, 1)),
                          std::as_writable_bytes(std::span(sizes)));
  return sizes;
}

}  // namespace

int run_as_threads(int ranks, const Body& body) try {
  pith::run_local(ranks, body);
  return kFine;
} catch (const pith::UsageError& error) {
  print_error(error.what());
  return kUsage;
} catch (const std::exception& error) {
  print_error(error.what());
  return kFailed;
}

void on_every_rank(pith::Communicator& communicator, const std::function<void()>& work) {
  std::string mine;
  try {
    work();
  } catch (const std::exception& error) {
    mine = "rank " + std::to_string(communicator.rank()) + ": " + error.what();
  }
  const auto sizes = gather_sizes(communicator, mine.size());
  std::string all(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}), '\0');
  if (all.empty()) return;
  communicator.all_gather_v(std::as_bytes(std::span(mine)), sizes,
                            std::as_writable_bytes(std::span(all)));
  const std::size_t first = *std::ranges::find_if(sizes, [](auto size) { return size != 0; });
  throw pith::UsageError(all.substr(0, first));
}

void print_error(std::string_view message) {
  std::cerr << std::string(program_invocation_short_name).append(": ").append(message) + "\n";
}

}  // namespace program
