// SPDX-License-Identifier: Apache-2.0
#include "collective.h"

namespace pith::bench {

std::string_view name_of(Collective collective) {
  switch (collective) {
    case Collective::reduce_scatter:
      return "reduce_scatter";
    case Collective::all_gather:
      return "allgather";
    default:
      return "allreduce";
  }
}

double bus_factor(Collective collective, std::size_t ranks) {
  const double once = static_cast<double>(ranks - 1) / static_cast<double>(ranks);
  return collective == Collective::all_reduce ? 2 * once : once;
}

Range given(Collective collective, const Communicator& communicator, std::size_t n) {
  return collective == Collective::all_gather ? shard_of(communicator, n) : Range{0, n};
}

Range received(Collective collective, const Communicator& communicator, std::size_t n) {
  return collective == Collective::reduce_scatter ? shard_of(communicator, n) : Range{0, n};
}

Range shard_of(const Communicator& communicator, std::size_t n) {
  const auto ranks = static_cast<std::size_t>(communicator.size());
  const auto rank = static_cast<std::size_t>(communicator.rank());
  return {block_start(n, ranks, rank), block_start(n, ranks, rank + 1)};
}

}  // namespace pith::bench
