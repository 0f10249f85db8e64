// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/compressors/registry.h>
#include <pith/core/bytes.h>
#include <pith/core/random.h>
#include <pith/reducer/reducer.h>

#include "golden/descent.h"

// Szlendak, Tyurin, Richtarik 2021: messages that complement each other.
namespace pith::test {
namespace {

std::string spec(int ranks) { return "permk(ranks=" + std::to_string(ranks) + ")"; }

/// What each of the ranks' messages of x decodes to.
std::vector<Vector> decoded(const Vector& x, int ranks, std::uint64_t step) {
  const auto permk = make_message<double>(parse_pipeline(spec(ranks)), Shape::flat(x.size()));
  std::vector<Vector> all;
  Scratch scratch;
  const std::size_t cuts[] = {0, x.size()};
  for (int rank = 0; rank < ranks; ++rank) {
    std::vector<std::byte> bytes(permk->max_wire_bytes(x.size(), 1));
    std::size_t size = 0;
    const RandomKey key{.step = step, .rank = static_cast<std::uint32_t>(rank)};
    permk->encode(x, cuts, key, {bytes, {&size, 1}}, scratch);
    all.emplace_back(x.size());
    permk->decode_axpy(1, {std::span(bytes).first(size), 0}, all.back(), scratch);
  }
  return all;
}

TEST(PermK, EachElementIsOneRanksAndAnyRanksEquallyOften) {
  constexpr int kRanks = 5;
  constexpr std::size_t kElements = 23;  // the last group is not full
  constexpr int kSteps = 2000;
  std::vector<std::vector<int>> owned(kElements, std::vector<int>(kRanks));
  for (int step = 0; step < kSteps; ++step) {
    const auto all = decoded(Vector(kElements, 1), kRanks, static_cast<std::uint64_t>(step));
    for (std::size_t j = 0; j < kElements; ++j) {
      int owners = 0;
      for (std::size_t r = 0; r < kRanks; ++r) {
        if (all[r][j] == 0) continue;
        ASSERT_EQ(all[r][j], kRanks);
        ++owned[j][r];
        ++owners;
      }
      ASSERT_EQ(owners, 1) << "element " << j;
    }
  }
  for (const auto& counts : owned) {
    for (const int count : counts) EXPECT_NEAR(count, kSteps / kRanks, 90);  // five sigma
  }
}

// Fewer elements than ranks, and as many.
TEST(PermK, CoversTensorsOfAnySize) {
  for (const std::size_t n : {1u, 2u, 3u, 4u, 5u, 8u, 1001u}) {
    Vector sum(n);
    for (const Vector& one : decoded(Vector(n, 1), 4, 7)) {
      for (std::size_t j = 0; j < n; ++j) sum[j] += one[j];
    }
    EXPECT_EQ(sum, Vector(n, 4)) << n;
  }
}

/// Every rank's gradient as it returns from a reducer.
void expect_mean_of_equals(int ranks, std::size_t elements, bool to_the_bit) {
  run_local(ranks, [&](Communicator& communicator) {
    ReducerOptions options;
    options.rules = {{.compressor = spec(ranks), .feedback = "none"}};
    Reducer reducer(communicator, options);
    reducer.add("x", Shape::flat(elements), ElementType::float64);
    Vector x(elements);
    const Random random({});
    for (std::size_t j = 0; j < elements; ++j) x[j] = random.normal(j);
    const Vector before = x;
    const std::uint64_t sent = communicator.wire_bytes();
    reducer.push("x", x);
    ASSERT_TRUE(reducer.wait().committed);
    for (std::size_t j = 0; j < elements; ++j) {
      if (to_the_bit) {
        ASSERT_EQ(x[j], before[j]);
      } else {
        ASSERT_DOUBLE_EQ(x[j], before[j]);
      }
    }
    if (!to_the_bit) return;
    reducer.push("x", x);  // the first step compares registrations besides
    const std::uint64_t first = communicator.wire_bytes();
    ASSERT_TRUE(reducer.wait().committed);
    EXPECT_LT(sent, first);
    const auto p = static_cast<std::uint64_t>(ranks);
    // To each of the others: record, header, directory, head and values, agreement.
    const std::uint64_t payload = padded(16 + elements / p * sizeof(double));
    EXPECT_EQ(communicator.wire_bytes() - first, (p - 1) * (16 + 64 + 16 + payload + 16));
  });
}

TEST(PermK, TheMeanOfEqualTensorsIsExact) {
  expect_mean_of_equals(2, 1000, true);
  expect_mean_of_equals(4, 1000, true);
  expect_mean_of_equals(3, 1000, false);
}

TEST(PermK, ReachesTheMinimumUnderDiana) {
  const Problem problem = heterogeneous();
  const auto x = descend(problem, {{"ef_bv", 0.1, spec(4)}, {"none", 0.1, spec(4)}}, 400);
  EXPECT_NEAR(steps_to(1e-10, problem, x[0]), 133, 2);
  EXPECT_GT(floor_of(problem, x[1]), 2);
}

// Of a half of the elements, which each rank chooses for itself: a bias of sqrt(1/2), a variance of
// 3. Linearly, from 1e-5 to 1e-10 in fewer steps than to 1e-5.
TEST(PermK, ReachesTheMinimumBehindASelectionToo) {
  const std::string behind = "topk(k=2)|" + spec(4);
  const Problem problem = heterogeneous();
  const auto x = descend(problem, {{"ef_bv", 0.02, behind}, {"none", 0.02, behind}}, 600);
  EXPECT_NEAR(steps_to(1e-5, problem, x[0]), 296, 2);
  EXPECT_NEAR(steps_to(1e-10, problem, x[0]), 556, 2);
  EXPECT_GT(floor_of(problem, x[1]), 1);
}

}  // namespace
}  // namespace pith::test
