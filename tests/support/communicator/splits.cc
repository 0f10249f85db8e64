// SPDX-License-Identifier: Apache-2.0
#include "support/communicator/checks.h"

namespace pith::test {
namespace {

/// Even and odd ranks, each in reverse order: what a node stage does with its peers.
void split_orders_by_key(Communicator& comm) {
  const auto part = comm.split(comm.rank() % 2, -comm.rank());
  const int parity = comm.rank() % 2;
  const int size = (comm.size() + 1 - parity) / 2;
  ASSERT_EQ(part->size(), size);
  EXPECT_EQ(part->rank(), size - 1 - comm.rank() / 2);
  EXPECT_EQ(part->wire_bytes(), 0u);

  std::vector<float> x(5, static_cast<float>(comm.rank()));
  part->all_reduce(x);
  EXPECT_EQ(x, std::vector<float>(5, static_cast<float>(size * (size - 1) + size * parity)));

  const std::byte mine[] = {static_cast<std::byte>(comm.rank())};
  Bytes all(static_cast<std::size_t>(size));
  part->all_gather(mine, all);
  for (int r = 0; r < size; ++r) {
    EXPECT_EQ(all[static_cast<std::size_t>(r)],
              static_cast<std::byte>(2 * (size - 1 - r) + parity));
  }
}

/// Ties of the key go by rank; a part can be split again and outlives the whole's next use.
void split_keeps_rank_order_and_nests(Communicator& comm) {
  const auto whole = comm.split(7, 0);
  EXPECT_EQ(whole->rank(), comm.rank());
  EXPECT_EQ(whole->size(), comm.size());
  const auto alone = whole->split(comm.rank(), 0);
  EXPECT_EQ(alone->rank(), 0);
  EXPECT_EQ(alone->size(), 1);
  for (Communicator* one : {&comm, whole.get(), alone.get()}) all_reduce_sums<float>(*one);
}

/// While one part works, the other's ranks need not take part.
void split_parts_are_independent(Communicator& comm) {
  const auto part = comm.split(comm.rank() == 0 ? 0 : 1, 0);
  if (comm.rank() != 0) all_reduce_sums<double>(*part);
  comm.barrier();
  if (comm.rank() == 0) all_reduce_sums<double>(*part);
}

/// Whoever shares a node says so of each other, in rank order.
void split_node_orders_by_rank(Communicator& comm) {
  const auto node = comm.split_node();
  EXPECT_EQ(node->wire_bytes(), 0u);
  const auto size = static_cast<std::size_t>(node->size());
  const int mine = comm.rank();
  std::vector<int> ranks(size);
  node->all_gather(std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(ranks)));
  EXPECT_TRUE(std::ranges::is_sorted(ranks));
  EXPECT_EQ(ranks[static_cast<std::size_t>(node->rank())], mine);
  all_reduce_sums<float>(*node);
}

void attachments_are_kept_by_name(Communicator& comm) {
  EXPECT_FALSE(comm.attachment("numbers").has_value());
  comm.attachment("numbers") = std::vector<int>{comm.rank()};
  comm.attachment("text") = std::string("word");
  EXPECT_EQ(std::any_cast<std::vector<int>&>(comm.attachment("numbers")).at(0), comm.rank());
  EXPECT_FALSE(comm.split(0, 0)->attachment("numbers").has_value());
}

constexpr Promise kPromises[] = {
    {"SplitOrdersByKey", split_orders_by_key},
    {"SplitKeepsRankOrderAndNests", split_keeps_rank_order_and_nests},
    {"SplitPartsAreIndependent", split_parts_are_independent},
    {"SplitNodeOrdersByRank", split_node_orders_by_rank},
    {"AttachmentsAreKeptByName", attachments_are_kept_by_name},
};

}  // namespace

std::span<const Promise> split_promises() { return kPromises; }

}  // namespace pith::test
