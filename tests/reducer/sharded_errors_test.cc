// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>

#include "reducer/sharded_calls.h"
#include "support/damaging_communicator.h"
#include "support/exchange/sharded_contract.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

using testing::HasSubstr;

// One call of each, of 9 elements.
std::string error_of_call(bool gathers, const char* compressor, const char* feedback,
                          std::size_t elements_of_rank_1 = 9, std::size_t shard_of_rank_1 = 3) {
  return usage_error_of(3, [&](Communicator& communicator) {
    const bool odd = communicator.rank() == 1;
    Floats whole(odd ? elements_of_rank_1 : 9);
    Floats shard(odd ? shard_of_rank_1 : 3);
    gathers ? gathered(communicator, shard, whole, compressor, feedback)
            : reduced(communicator, whole, shard, compressor, feedback);
  });
}

TEST(ShardedCalls, TellEveryRankWhatIsWrongWithTheFirstOne) {
  for (const bool gathers : {false, true}) {
    const auto error = [&](auto... what) { return error_of_call(gathers, what...); };
    const std::string name = gathers ? "all_gather \"w\": " : "reduce_scatter_mean \"w\": ";
    EXPECT_THAT(error("onebit", "none", 12u, 4u),
                HasSubstr("rank 0 \"elements 9\", rank 1 \"elements 12\""));
    EXPECT_THAT(error("onebit", "none", 9u, 2u),
                HasSubstr("rank 1: " + name + "this rank's shard has 3 elements, not 2"));
    EXPECT_THAT(error("topq(k=1)", "none"), HasSubstr("every rank: " + name));
    EXPECT_THAT(error("lowrank(rank=1)", "none"), HasSubstr("not a message compressor"));
    EXPECT_THAT(error("randomk(density=0.5)", "none"), HasSubstr("not a message compressor"));
    EXPECT_THAT(error("onebit", "ef15"), HasSubstr("\"ef15\""));
  }
  EXPECT_THAT(error_of_call(true, "onebit", "ef21_sgdm"), HasSubstr("momentum"));
  EXPECT_THAT(error_of_call(true, "onebit", "clip21"), HasSubstr("less than is sent"));
  EXPECT_EQ(error_of_call(false, "onebit", "ef21_sgdm"), "");
}

TEST(ShardedCalls, TellEveryRankThatSpecsOrNamesDiffer) {
  EXPECT_THAT(usage_error_of(3,
                             [](Communicator& communicator) {
                               Floats out(1);
                               reduced(communicator, Floats(3), out,
                                       communicator.rank() == 2 ? "onebit" : "natural");
                             }),
              HasSubstr("rank 0 \"compressor natural\", rank 2 \"compressor onebit\""));
  EXPECT_THAT(usage_error_of(3,
                             [](Communicator& communicator) {
                               Floats x(3);
                               Floats out(1);
                               reduce_scatter_mean(
                                   communicator, communicator.rank() == 0 ? "a" : "b",
                                   std::span<const float>(x), std::span(out), "none");
                             }),
              HasSubstr("rank 0 \"reduce_scatter_mean \"a\" of float32, its first call\""));
}

// And nothing has changed, so that a mended call gives what it would have given.
TEST(ShardedCalls, TellEveryRankThatOneAsksForSomethingElseThanBefore) {
  run_local(3, [](Communicator& communicator) {
    const bool odd = communicator.rank() == 1;
    Floats all(10);
    Floats mine = gradient<float>(shard_size(communicator, 10), 0, communicator.rank());
    ASSERT_TRUE(gathered(communicator, mine, all, "onebit"));
    const Floats before = all;
    EXPECT_THAT(
        [&] { gathered(communicator, mine, all, odd ? "natural" : "onebit"); },
        testing::ThrowsMessage<UsageError>(HasSubstr(
            "rank 1: all_gather \"w\": it was first used with onebit and ef21, not natural")));
    Floats longer(odd ? 11 : 10);
    EXPECT_THAT([&] { gathered(communicator, mine, longer, "onebit"); },
                testing::ThrowsMessage<UsageError>(
                    HasSubstr("rank 1: all_gather \"w\": it has 10 elements, not 11")));
    EXPECT_EQ(all, before);
    const auto same = communicator.split(0, communicator.rank());
    Floats expected(10);
    for (int t = 0; t < 2; ++t) gathered(*same, mine, expected, "onebit");
    ASSERT_TRUE(gathered(communicator, mine, all, "onebit"));
    EXPECT_EQ(all, expected);
  });
}

// Ranks that know a name and ranks that do not would wait in different operations.
TEST(ShardedCalls, TellEveryRankThatCallsComeInDifferentOrders) {
  run_local(3, calls_in_different_orders_are_refused);
}

// "none" if it threw nothing.
std::string wire_error(const std::function<bool()>& call) {
  try {
    call();
  } catch (const WireError& error) {
    return error.what();
  }
  return "none";
}

TEST(ShardedCalls, TellEveryRankOfADamagedMessageAndChangeNothing) {
  run_local(3, [](Communicator& inner) {
    DamagingCommunicator communicator(inner);
    const auto flip = [](std::span<std::byte> bytes) { bytes.back() ^= std::byte{4}; };
    for (const bool gathers : {false, true}) {
      const Floats in = gradient<float>(gathers ? 111 : 333, 0, inner.rank());
      Floats out(gathers ? 333 : 111);
      const auto call = [&] {
        return gathers ? gathered(communicator, in, out, "onebit(block=64)")
                       : reduced(communicator, in, out, "onebit(block=64)");
      };
      ASSERT_TRUE(call());
      const Floats before = out;
      if (inner.rank() == 1) communicator.damage_next({.source = 2, .change = flip});
      EXPECT_THAT(
          wire_error(call),
          HasSubstr("rank 1: w, message of rank 2: open: message from rank 2: checksum is"));
      EXPECT_EQ(out, before);
      ASSERT_TRUE(call());
    }
  });
}

}  // namespace
}  // namespace pith::test
