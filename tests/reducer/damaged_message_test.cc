// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/core/wire.h>

#include "support/damaging_communicator.h"
#include "support/exchange/legal_cases.h"
#include "support/exchange/trajectory.h"

// A message that arrives damaged on one rank is an error on every rank and changes nothing.
namespace pith::test {
namespace {

using testing::HasSubstr;

constexpr std::size_t kElements = 333;
constexpr int kDamagedRank = 1;
constexpr std::size_t kSource = 2;

/// Which of a step's exchanges of messages is damaged.
struct Place {
  LegalCase legal;
  std::size_t exchange;
};

/// Two reducers on one rank: one receives a damaged message, the other never does.
class Pair {
 public:
  Pair(Communicator& inner, const LegalCase& legal)
      : damaging_(inner),
        legal_(legal),
        disturbed_(damaging_, options_for(legal)),
        quiet_(inner, options_for(legal)) {
    disturbed_.add("w", nearly_square(kElements));
    quiet_.add("w", nearly_square(kElements));
  }

  void good_step(std::uint64_t t) {
    auto x = gradient<float>(kElements, t, damaging_.rank());
    auto y = x;
    step(disturbed_, x);
    step(quiet_, y);
    EXPECT_EQ(x, y) << legal_;
  }

  /// On the rank that receives damaged messages, `damage` holds for one message from now on.
  void damage_next(const Damage& damage) {
    if (damaging_.rank() == kDamagedRank) damaging_.damage_next(damage);
  }

  void damaged_step(std::uint64_t t, const Damage& damage, const std::string& problem) {
    const std::string before = state_bytes<float>(disturbed_);
    auto x = gradient<float>(kElements, t, damaging_.rank());
    const auto pushed = x;
    damage_next(damage);
    const std::string error = step_error(x);
    EXPECT_FALSE(damaging_.waits()) << legal_;
    EXPECT_THAT(error, HasSubstr("rank 1: w, message of rank 2: ")) << legal_;
    EXPECT_THAT(error, HasSubstr(problem)) << legal_;
    EXPECT_EQ(x, pushed) << "the gradient was touched";
    EXPECT_EQ(state_bytes<float>(disturbed_), before) << legal_;
  }

 private:
  std::string step_error(std::vector<float>& x) {
    try {
      step(disturbed_, x);
    } catch (const WireError& error) {
      return error.what();
    }
    return "none";
  }

  DamagingCommunicator damaging_;
  const LegalCase& legal_;
  Reducer disturbed_;
  Reducer quiet_;
};

void check(const Place& place, Damage damage, const std::string& problem) {
  damage.source = kSource;
  damage.exchange = place.exchange;
  run_local(3, [&](Communicator& inner) {
    Pair pair(inner, place.legal);
    pair.good_step(0);
    pair.good_step(1);
    pair.damaged_step(2, damage, problem);
    pair.good_step(2);
    pair.good_step(3);
  });
}

class DamagedMessage : public testing::TestWithParam<Place> {
 protected:
  void SetUp() override { set_log_level(LogLevel::none); }
};

TEST_P(DamagedMessage, WithAFlippedBitIsAnErrorOnEveryRankAndChangesNothing) {
  const auto flip = [](std::span<std::byte> message) { message.back() ^= std::byte{4}; };
  check(GetParam(), {.change = flip}, "checksum is");
}

TEST_P(DamagedMessage, WithoutItsTailIsAnErrorOnEveryRankAndChangesNothing) {
  const auto shorter = [](std::size_t bytes) { return bytes - 16; };
  check(GetParam(), {.arriving = shorter}, "checksum is");
  check(GetParam(), {.arriving = shorter, .change = reseal}, "payload_bytes is");
}

TEST_P(DamagedMessage, WithoutAWholeHeadIsAnErrorOnEveryRankAndChangesNothing) {
  for (const std::size_t length : {0u, 48u, 64u}) {
    check(GetParam(), {.arriving = [=](std::size_t) { return length; }}, "length is");
  }
}

// gather has one, sharded one more for the owners, sparse another for the summaries.
std::size_t exchanges_of_messages(const std::string& exchange) {
  if (exchange == "gather") return 1;
  if (exchange == "sharded") return 2;
  return exchange == "sparse" ? 3 : 0;
}

std::vector<Place> with_messages() {
  std::vector<Place> places;
  for (const LegalCase& legal : legal_cases()) {
    const std::size_t exchanges = exchanges_of_messages(legal.exchange);
    for (std::size_t i = 0; i < exchanges; ++i) places.push_back({legal, i});
  }
  return places;
}

std::string name_of_place(const testing::TestParamInfo<Place>& info) {
  return test_name(info.param.legal) + "_" + std::to_string(info.param.exchange);
}

INSTANTIATE_TEST_SUITE_P(All, DamagedMessage, testing::ValuesIn(with_messages()), name_of_place);

/// A bit of the header that the checksum will not give away, and what is said about it.
struct Field {
  std::size_t byte;
  std::byte bit;
  const char* problem;
};

constexpr Field kFields[] = {
    {0, std::byte{1}, "magic is"},       {4, std::byte{2}, "version is 0, expected 2"},
    {7, std::byte{1}, "part of flags"},  {8, std::byte{1}, "source is 3, expected 2"},
    {12, std::byte{1}, "bucket is 1"},   {16, std::byte{64}, "sequence is"},
    {24, std::byte{1}, "step is 3"},     {32, std::byte{4}, "epoch is 5, expected 1"},
    {36, std::byte{2}, "entries is 3"},  {40, std::byte{1}, "config is"},
    {48, std::byte{1}, "payload_bytes"}, {66, std::byte{16}, "directory"},
};

class SealedMessage : public DamagedMessage {};

TEST_P(SealedMessage, WithAWrongFieldIsAnErrorOnEveryRankAndChangesNothing) {
  for (const Field& field : kFields) {
    SCOPED_TRACE(field.problem);
    const auto change = [&](std::span<std::byte> message) {
      message[field.byte] ^= field.bit;
      reseal(message);
    };
    check(GetParam(), {.change = change}, field.problem);
  }
}

// The message itself is sound: the same rank's of the step before, which was as long.
TEST_P(SealedMessage, OfAnEarlierStepIsAnErrorOnEveryRankAndChangesNothing) {
  const Place& place = GetParam();
  run_local(3, [&](Communicator& inner) {
    Pair pair(inner, place.legal);
    std::vector<std::byte> earlier;
    const auto keep = [&](std::span<std::byte> message) {
      earlier.assign(message.begin(), message.end());
    };
    pair.damage_next({.source = kSource, .exchange = place.exchange, .change = keep});
    pair.good_step(0);
    const auto replace = [&](std::span<std::byte> message) {
      ASSERT_EQ(message.size(), earlier.size());
      std::ranges::copy(earlier, message.begin());
    };
    pair.damaged_step(1, {.source = kSource, .exchange = place.exchange, .change = replace},
                      "sequence is");
    pair.good_step(1);
  });
}

INSTANTIATE_TEST_SUITE_P(All, SealedMessage,
                         testing::Values(Place{{"topk(k=9,index=raw32)", "gather", "ef14"}, 0},
                                         Place{{"natural", "gather", "none"}, 0},
                                         Place{{"onebit(block=64)", "sharded", "ef21"}, 0},
                                         Place{{"onebit(block=64)", "sharded", "ef21"}, 1},
                                         Place{{"topk(k=30,index=raw32)", "sparse", "ef14"}, 0},
                                         Place{{"topk(k=333,index=raw32)", "sparse", "ef14"}, 1},
                                         Place{{"topk(k=30,index=raw32)", "sparse", "ef14"}, 2}),
                         name_of_place);

}  // namespace
}  // namespace pith::test
