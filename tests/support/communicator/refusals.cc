// SPDX-License-Identifier: Apache-2.0
#include "support/communicator/checks.h"

namespace pith::test {
namespace {

void wrong_sizes_are_refused_before_anything_is_sent(Communicator& comm) {
  const std::size_t p = ranks(comm);
  const std::string expected = std::to_string(4 * p) + " expected";
  const Bytes mine(4);
  Bytes all(4 * p + 1);
  Sizes sizes(p, 4);
  std::vector<float> x(3 * p);
  std::vector<float> block(4);
  expect_refused(comm, "reduce_scatter", "4 elements of out, 3 expected",
                 [&] { comm.reduce_scatter(std::span<const float>(x), block); });
  expect_refused(comm, "all_gather", std::to_string(4 * p + 1) + " bytes of all, " + expected,
                 [&] { comm.all_gather(mine, all); });
  expect_refused(comm, "all_gather_v", std::to_string(4 * p + 1) + " bytes of all, " + expected,
                 [&] { comm.all_gather_v(mine, sizes, all); });
  expect_refused(comm, "all_gather_v", "3 bytes of mine, 4 expected",
                 [&] { comm.all_gather_v(std::span(mine).first(3), sizes, all); });
  expect_refused(comm, "all_to_all", std::to_string(4 * p + 1) + " bytes of in, " + expected,
                 [&] { comm.all_to_all(Bytes(4 * p), all); });
  expect_refused(comm, "all_to_all_v", std::to_string(4 * p + 1) + " bytes of in, " + expected,
                 [&] { comm.all_to_all_v(Bytes(4 * p), sizes, all, sizes); });
  expect_refused(comm, "all_to_all_v", std::to_string(4 * p + 1) + " bytes of out, " + expected,
                 [&] { comm.all_to_all_v(all, sizes, std::span(all).first(4 * p), sizes); });
  sizes.push_back(0);
  const std::string count = std::to_string(p + 1);
  expect_refused(comm, "all_gather_v", count + " sizes, " + std::to_string(p) + " expected",
                 [&] { comm.all_gather_v(mine, sizes, all); });
  expect_refused(comm, "all_to_all_v", count + " out_sizes, " + std::to_string(p) + " expected",
                 [&] { comm.all_to_all_v(all, sizes, all, std::span(sizes).first(p)); });
  all_reduce_sums<float>(comm);
}

void roots_and_colors_out_of_range_are_refused(Communicator& comm) {
  Bytes x(4);
  for (const int root : {-1, comm.size()}) {
    expect_refused(comm, "broadcast", "root " + std::to_string(root),
                   [&] { comm.broadcast(x, root); });
  }
  expect_refused(comm, "split", "color -3", [&] { comm.split(-3, 0); });
}

void overlapping_spans_are_refused(Communicator& comm) {
  const std::size_t p = ranks(comm);
  Bytes all(4 * p);
  std::vector<double> x(p);
  const auto shifted = std::span(all).subspan((4 * rank(comm) + 1) % (4 * p - 3), 4);
  if (p > 1) {
    expect_refused(comm, "all_gather", "overlap", [&] { comm.all_gather(shifted, all); });
  }
  expect_refused(comm, "all_to_all", "overlap", [&] { comm.all_to_all(all, all); });
  expect_refused(comm, "reduce_scatter", "overlap",
                 [&] { comm.reduce_scatter(std::span<const double>(x), std::span(x).first(1)); });
}

constexpr Promise kPromises[] = {
    {"WrongSizesAreRefusedBeforeAnythingIsSent", wrong_sizes_are_refused_before_anything_is_sent},
    {"RootsAndColorsOutOfRangeAreRefused", roots_and_colors_out_of_range_are_refused},
    {"OverlappingSpansAreRefused", overlapping_spans_are_refused},
};

}  // namespace

std::span<const Promise> refusal_promises() { return kPromises; }

}  // namespace pith::test
