// SPDX-License-Identifier: Apache-2.0
#include "support/allocation_counter.h"
#include "support/communicator/checks.h"

namespace pith::test {
namespace {

/// What `from` sends to `to` in the v-collectives: nothing for some pairs, another size for each.
std::size_t pair_size(std::size_t n, std::size_t from, std::size_t to) {
  return (from + to) % 3 == 1 ? 0 : n + 2 * from + to;
}

void all_gather_keeps_rank_order(Communicator& comm) {
  for (const std::size_t n : kSizes) {
    Bytes all(n * ranks(comm));
    expect_counted(comm, (ranks(comm) - 1) * n,
                   [&] { comm.all_gather(pattern(n, rank(comm), 0), all); });
    Bytes expected;
    for (std::size_t r = 0; r < ranks(comm); ++r) append(expected, pattern(n, r, 0));
    EXPECT_EQ(all, expected);
  }
}

void all_gather_v_takes_any_sizes(Communicator& comm) {
  for (const std::size_t n : kSizes) {
    Sizes sizes;
    Bytes expected;
    for (std::size_t r = 0; r < ranks(comm); ++r) {
      sizes.push_back(pair_size(n, r, 0));
      append(expected, pattern(sizes.back(), r, 0));
    }
    const auto mine = pattern(sizes[rank(comm)], rank(comm), 0);
    Bytes all(expected.size());
    expect_counted(comm, (ranks(comm) - 1) * mine.size(),
                   [&] { comm.all_gather_v(mine, sizes, all); });
    EXPECT_EQ(all, expected);
  }
}

void all_gather_takes_its_own_place(Communicator& comm) {
  for (const std::size_t n : kSizes) {
    Bytes all(n * ranks(comm));
    const auto mine = std::span(all).subspan(n * rank(comm), n);
    std::ranges::copy(pattern(n, rank(comm), 0), mine.begin());
    comm.all_gather(mine, all);
    Bytes expected;
    for (std::size_t r = 0; r < ranks(comm); ++r) append(expected, pattern(n, r, 0));
    EXPECT_EQ(all, expected);
  }
}

void all_to_all_exchanges_blocks(Communicator& comm) {
  for (const std::size_t n : kSizes) {
    Bytes out;
    Bytes expected;
    for (std::size_t r = 0; r < ranks(comm); ++r) {
      append(out, pattern(n, rank(comm), r));
      append(expected, pattern(n, r, rank(comm)));
    }
    Bytes in(out.size());
    expect_counted(comm, (ranks(comm) - 1) * n, [&] { comm.all_to_all(out, in); });
    EXPECT_EQ(in, expected);
  }
}

void all_to_all_v_takes_any_sizes(Communicator& comm) {
  for (const std::size_t n : kSizes) {
    Sizes out_sizes;
    Sizes in_sizes;
    Bytes out;
    Bytes expected;
    for (std::size_t r = 0; r < ranks(comm); ++r) {
      out_sizes.push_back(pair_size(n, rank(comm), r));
      in_sizes.push_back(pair_size(n, r, rank(comm)));
      append(out, pattern(out_sizes.back(), rank(comm), r));
      append(expected, pattern(in_sizes.back(), r, rank(comm)));
    }
    Bytes in(expected.size());
    expect_counted(comm, out.size() - out_sizes[rank(comm)],
                   [&] { comm.all_to_all_v(out, out_sizes, in, in_sizes); });
    EXPECT_EQ(in, expected);
  }
}

void broadcast_works_from_every_root(Communicator& comm) {
  for (const std::size_t n : kSizes) {
    for (int root = 0; root < comm.size(); ++root) {
      Bytes x = pattern(n, rank(comm), 1);
      expect_counted(comm, root == comm.rank() ? (ranks(comm) - 1) * n : 0,
                     [&] { comm.broadcast(x, root); });
      EXPECT_EQ(x, pattern(n, static_cast<std::size_t>(root), 1));
    }
  }
}

void barrier_counts_nothing(Communicator& comm) {
  expect_counted(comm, 0, [&] { comm.barrier(); });
}

/// One of each operation, on buffers that are there already.
void each_operation(Communicator& comm, std::vector<float>& x, Bytes& out, Bytes& in,
                    const Sizes& sizes) {
  const std::size_t p = ranks(comm);
  const auto x_block = std::span(x).last(3);
  comm.all_reduce(std::span(x).first(3 * p));
  comm.reduce_scatter(std::span<const float>(x).first(3 * p), x_block);
  comm.all_gather(std::span(out).first(sizes[0]), in);
  comm.all_gather_v(std::span(out).first(sizes[0]), sizes, in);
  comm.all_to_all(out, in);
  comm.all_to_all_v(out, sizes, in, sizes);
  comm.broadcast(in, 0);
  comm.barrier();
}

void repeated_operations_allocate_nothing(Communicator& comm) {
  std::vector<float> x(3 * ranks(comm) + 3);
  Bytes out(5 * ranks(comm));
  Bytes in(out.size());
  const Sizes sizes(ranks(comm), 5);
  each_operation(comm, x, out, in, sizes);
  const std::size_t before = allocations();
  comm.barrier();  // nobody goes on before all have counted
  for (int step = 0; step < 3; ++step) each_operation(comm, x, out, in, sizes);
  const std::size_t after = allocations();
  comm.barrier();
  EXPECT_EQ(after, before);
}

constexpr Promise kPromises[] = {
    {"AllGatherKeepsRankOrder", all_gather_keeps_rank_order},
    {"AllGatherVTakesAnySizes", all_gather_v_takes_any_sizes},
    {"AllGatherTakesItsOwnPlace", all_gather_takes_its_own_place},
    {"AllToAllExchangesBlocks", all_to_all_exchanges_blocks},
    {"AllToAllVTakesAnySizes", all_to_all_v_takes_any_sizes},
    {"BroadcastWorksFromEveryRoot", broadcast_works_from_every_root},
    {"BarrierCountsNothing", barrier_counts_nothing},
    {"RepeatedOperationsAllocateNothing", repeated_operations_allocate_nothing},
};

}  // namespace

std::span<const Promise> block_promises() { return kPromises; }

}  // namespace pith::test
