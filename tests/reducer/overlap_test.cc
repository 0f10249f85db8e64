// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <future>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
#include <pith/core/random.h>
#include <pith/reducer/overlap.h>
#include <pith/reducer/reducer.h>

#include "support/damaging_communicator.h"

// Steps that begin() opens go on while the trainer computes, and end as all others do.
namespace pith::test {
namespace {

using testing::HasSubstr;

constexpr std::size_t kTensors = 7;

std::size_t elements_of(std::size_t t) { return t == 3 ? 5 : 40 * (t + 1); }
std::string name_of(std::size_t t) { return "w" + std::to_string(t); }

/// Small buckets, so that there are several; tensor 3 is dense, the last one is in 16 bit.
ReducerOptions options(const std::string& compressor, const std::string& feedback) {
  return {.compressor = compressor, .feedback = feedback, .min_bytes = 64, .bucket_bytes = 1000};
}

/// One rank's trainer.
class Trainer {
 public:
  Trainer(Communicator& communicator, const ReducerOptions& options)
      : rank_(static_cast<std::uint64_t>(communicator.rank())), reducer_(communicator, options) {
    for (std::size_t t = 0; t < kTensors; ++t) {
      reducer_.add(name_of(t), {elements_of(t) / 5, 5},
                   t + 1 == kTensors ? ElementType::bfloat16 : ElementType::float32);
      gradients_.emplace_back(elements_of(t));
    }
    half_.resize(elements_of(kTensors - 1));
  }

  /// Gradients of step s; every rank has its own.
  void compute(std::uint64_t s) {
    const Random random({.seed = 9, .step = s, .rank = static_cast<std::uint32_t>(rank_)});
    std::uint64_t i = 0;
    for (auto& gradient : gradients_) {
      for (float& value : gradient) value = static_cast<float>(random.normal(i++));
    }
    std::ranges::transform(gradients_.back(), half_.begin(), to_bfloat16);
  }

  void push(std::size_t t) {
    if (t + 1 == kTensors) {
      reducer_.push(name_of(t), std::span(half_));
    } else {
      reducer_.push(name_of(t), std::span(gradients_[t]));
    }
  }

  /// In another order in every step and on every rank.
  void push_all(std::uint64_t s) {
    std::vector<std::size_t> order(kTensors);
    std::iota(order.begin(), order.end(), 0);
    const auto first = order.begin() + static_cast<std::ptrdiff_t>((s + rank_) % kTensors);
    std::rotate(order.begin(), first, order.end());  // Clang 14 does not compile that of ranges
    if (s % 2 == 0) std::ranges::reverse(order);
    for (const std::size_t t : order) push(t);
  }

  /// Estimates and states.
  std::vector<float> outcome() {
    std::vector<float> all;
    for (const auto& gradient : gradients_) all.insert(all.end(), gradient.begin(), gradient.end());
    for (const BFloat16 value : half_) all.push_back(to_float(value));
    for (const auto& state : reducer_.states<float>()) {
      all.insert(all.end(), state.values.begin(), state.values.end());
    }
    return all;
  }

  Reducer& reducer() { return reducer_; }
  std::vector<float>& gradient(std::size_t t) { return gradients_[t]; }

 private:
  std::uint64_t rank_;
  std::vector<std::vector<float>> gradients_;
  std::vector<BFloat16> half_;
  Reducer reducer_;  // ends before what it reads
};

StepOptions step_options(std::uint64_t s) {
  return {.learning_rate = 0.1 / static_cast<double>(s + 1), .loss_scale = s < 2 ? 1.0 : 2.0};
}

enum class Begins { none, all, odd_ranks };

/// What rank by rank comes of some steps.
std::vector<std::vector<float>> train(int ranks, const ReducerOptions& options, Begins begins) {
  std::vector<std::vector<float>> outcomes(static_cast<std::size_t>(ranks));
  run_local(ranks, [&](Communicator& communicator) {
    Trainer trainer(communicator, options);
    const bool begin =
        begins == Begins::all || (begins == Begins::odd_ranks && communicator.rank() % 2 == 1);
    for (std::uint64_t s = 0; s < 4; ++s) {
      if (begin) trainer.reducer().begin(step_options(s));
      trainer.compute(s);
      trainer.push_all(s);
      const bool committed = begin ? trainer.reducer().wait().committed
                                   : trainer.reducer().wait(step_options(s)).committed;
      EXPECT_TRUE(committed);
    }
    outcomes[static_cast<std::size_t>(communicator.rank())] = trainer.outcome();
  });
  return outcomes;
}

TEST(Overlap, ChangesNoBit) {
  struct Way {
    const char* compressor;
    const char* feedback;
    const char* exchange;
  };
  for (const auto& [compressor, feedback, exchange] :
       {Way{"topk(density=0.1)", "ef14", "gather"}, Way{"onebit", "ef14", "sharded"},
        Way{"lowrank(rank=2)", "ef14", "linear"}, Way{"none", "none", "raw"},
        Way{"quantize(bits=4)", "econtrol(eta=0.2)", "gather"},
        Way{"topk(density=0.1)@2,onebit", "ef21_sgdm(eta=0.1)", "natural"}}) {
    for (const int ranks : {1, 2, 3}) {
      ReducerOptions chosen = options(compressor, feedback);
      chosen.exchange = exchange;
      const auto plain = train(ranks, chosen, Begins::none);
      EXPECT_EQ(train(ranks, chosen, Begins::all), plain) << compressor << " on " << ranks;
      EXPECT_EQ(train(ranks, chosen, Begins::odd_ranks), plain) << compressor << " on " << ranks;
    }
  }
}

TEST(Overlap, OfUnitsOfSeveralTensorsChangesNoBit) {
  for (const CompressedUnit unit : {CompressedUnit::bucket, CompressedUnit::model}) {
    ReducerOptions chosen = options("topk(density=0.1)", "ef14");
    chosen.unit = unit;
    EXPECT_EQ(train(2, chosen, Begins::all), train(2, chosen, Begins::none));
  }
}

// What must see all gradients first takes place in wait().
TEST(Overlap, IsLeftOutWhereAllGradientsComeFirst) {
  ReducerOptions clipped = options("topk(density=0.1)", "ef14");
  clipped.clip = 0.5;
  ReducerOptions inplace = options("topk(density=0.1)", "ef14");
  inplace.commit = Commit::inplace;
  ReducerOptions counted = options("topk(density=0.1)", "ef14");
  counted.divisor = Divisor::participants;
  ReducerOptions without = options("topk(density=0.1)", "ef14");
  without.progress = Progress::none;
  for (const auto& chosen : {clipped, inplace, counted, without}) {
    EXPECT_EQ(train(2, chosen, Begins::all), train(2, chosen, Begins::none));
  }
}

/// Tells which thread receives the next message.
std::future<std::thread::id> next_receiver(DamagingCommunicator& communicator) {
  const auto receiver = std::make_shared<std::promise<std::thread::id>>();
  communicator.damage_next({.source = 1, .change = [receiver](auto) {
                              receiver->set_value(std::this_thread::get_id());
                            }});
  return receiver->get_future();
}

// The last tensor that was registered is the first that backward gives.
TEST(Overlap, ExchangesABucketBeforeTheNextGradientIsThere) {
  run_local(2, [](Communicator& inner) {
    DamagingCommunicator communicator(inner);
    Trainer trainer(communicator, options("topk(density=0.1)", "ef14"));
    trainer.reducer().begin();
    trainer.compute(0);
    auto receiver = next_receiver(communicator);
    trainer.push(kTensors - 1);
    trainer.push(kTensors - 2);
    if (communicator.rank() == 0) {
      ASSERT_EQ(receiver.wait_for(std::chrono::seconds(60)), std::future_status::ready);
      EXPECT_NE(receiver.get(), std::this_thread::get_id());
    }
    for (std::size_t t = 0; t + 2 < kTensors; ++t) trainer.push(t);
    EXPECT_TRUE(trainer.reducer().wait().committed);
  });
}

// Only rank 0's order counts: the others push from back to front.
TEST(Overlap, GoesInTheOrderOfRankZerosFirstStep) {
  run_local(2, [](Communicator& inner) {
    DamagingCommunicator communicator(inner);
    Trainer trainer(communicator, options("topk(density=0.1)", "ef14"));
    trainer.compute(0);
    for (std::size_t i = 0; i < kTensors; ++i) {
      trainer.push(communicator.rank() == 0 ? i : kTensors - 1 - i);
    }
    EXPECT_TRUE(trainer.reducer().wait().committed);
    trainer.compute(1);
    trainer.reducer().begin();
    auto receiver = next_receiver(communicator);
    for (const std::size_t t : {0u, 1u, 2u}) trainer.push(t);
    if (communicator.rank() == 0) {
      ASSERT_EQ(receiver.wait_for(std::chrono::seconds(60)), std::future_status::ready);
    }
    for (std::size_t t = 3; t < kTensors; ++t) trainer.push(t);
    EXPECT_TRUE(trainer.reducer().wait().committed);
  });
}

// What the steps send is the same before and behind the first, but for the order and signatures.
TEST(Overlap, LearnsTheOrderOnce) {
  run_local(3, [](Communicator& communicator) {
    Trainer trainer(communicator, options("onebit", "ef14"));
    std::vector<std::uint64_t> sent;
    for (std::uint64_t s = 0; s < 4; ++s) {
      const std::uint64_t before = communicator.wire_bytes();
      trainer.compute(s);
      for (std::size_t t = kTensors; t-- > 0;) trainer.push(t);  // as it was registered
      trainer.reducer().wait();
      sent.push_back(communicator.wire_bytes() - before);
    }
    const std::uint64_t registration = sent[0] - sent[1];
    EXPECT_EQ(sent[1], sent[2]);
    EXPECT_EQ(sent[2], sent[3]);
    EXPECT_GE(registration, communicator.rank() == 0 ? 2 * 4 * kTensors : 0);
  });
}

TEST(Overlap, ExchangesInWaitIfThereIsToBeNoThread) {
  run_local(2, [](Communicator& inner) {
    DamagingCommunicator communicator(inner);
    ReducerOptions chosen = options("topk(density=0.1)", "ef14");
    chosen.progress = Progress::none;
    Trainer trainer(communicator, chosen);
    trainer.reducer().begin();
    trainer.compute(0);
    auto receiver = next_receiver(communicator);
    trainer.push_all(0);
    if (communicator.rank() == 0) {
      EXPECT_EQ(receiver.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
    }
    EXPECT_TRUE(trainer.reducer().wait().committed);
    if (communicator.rank() == 0) {
      EXPECT_EQ(receiver.get(), std::this_thread::get_id());
    }
  });
}

/// A step that rank 1 spoils between begin() and wait(), and a good one behind it.
template <class Spoil>
void expect_error(Spoil spoil, const std::string& problem) {
  run_local(3, [&](Communicator& communicator) {
    Trainer trainer(communicator, options("onebit", "ef14"));
    trainer.compute(0);
    trainer.push_all(0);
    trainer.reducer().wait();
    const auto before = trainer.outcome();
    trainer.reducer().begin();
    if (communicator.rank() == 1) {
      spoil(trainer);
    } else {
      trainer.push_all(1);
    }
    EXPECT_THAT([&] { trainer.reducer().wait(); },
                testing::ThrowsMessage<UsageError>(HasSubstr("rank 1: " + problem)));
    EXPECT_EQ(trainer.outcome(), before) << "gradients or states were touched";
    trainer.reducer().begin();
    trainer.push_all(2);
    EXPECT_TRUE(trainer.reducer().wait().committed);
  });
}

TEST(Overlap, MistakesOfOneRankAreErrorsOnAllAndChangeNothing) {
  expect_error([](Trainer& trainer) { trainer.push(6); },
               "wait: tensor \"w0\" was neither pushed nor skipped");
  expect_error(
      [](Trainer& trainer) {
        std::vector<float> wrong(3);
        trainer.reducer().push("w5", std::span(wrong));
        for (const std::size_t t : {0u, 1u, 2u, 3u, 4u, 6u}) trainer.push(t);
      },
      "push: tensor \"w5\" has 240 elements");
  expect_error(
      [](Trainer& trainer) {
        trainer.push_all(1);
        trainer.push(2);
      },
      "push: tensor \"w2\" was already given");
  expect_error(
      [](Trainer& trainer) {
        trainer.push_all(1);
        trainer.reducer().fail("out of data");
      },
      "out of data");
  expect_error(
      [](Trainer& trainer) {
        trainer.push_all(1);
        trainer.reducer().begin();
      },
      "begin: the step has begun already");
}

TEST(Overlap, OtherOptionsInWaitAreAnErrorOnAll) {
  run_local(2, [](Communicator& communicator) {
    Trainer trainer(communicator, options("onebit", "ef14"));
    trainer.reducer().begin({.learning_rate = 0.1});
    trainer.push_all(0);
    const StepOptions other{.learning_rate = communicator.rank() == 1 ? 0.2 : 0.1};
    EXPECT_THAT([&] { trainer.reducer().wait(other); },
                testing::ThrowsMessage<UsageError>(HasSubstr("rank 1: wait: other options")));
  });
}

TEST(Overlap, ANanOfOneRankSkipsTheStepOnAll) {
  run_local(3, [](Communicator& communicator) {
    set_log_level(LogLevel::none);
    Trainer trainer(communicator, options("topk(density=0.1)", "ef14"));
    trainer.compute(0);
    if (communicator.rank() == 2) trainer.gradient(4)[7] = std::numeric_limits<float>::quiet_NaN();
    trainer.reducer().begin();
    trainer.push_all(0);
    const StepResult result = trainer.reducer().wait();
    EXPECT_FALSE(result.committed);
    EXPECT_THAT(result.reason, HasSubstr("w4: element 7"));
    trainer.compute(1);
    trainer.reducer().begin();
    trainer.push_all(1);
    EXPECT_TRUE(trainer.reducer().wait().committed);
  });
}

TEST(Overlap, StatesAreNotToBeHadWithinAStep) {
  run_local(2, [](Communicator& communicator) {
    Trainer trainer(communicator, options("onebit", "ef14"));
    trainer.compute(0);
    trainer.reducer().begin();
    EXPECT_THROW(trainer.reducer().states<float>(), UsageError);
    EXPECT_THROW(trainer.reducer().broadcast("w0", std::span(trainer.gradient(0))), UsageError);
    trainer.push_all(0);
    EXPECT_TRUE(trainer.reducer().wait().committed);
    EXPECT_NO_THROW(trainer.reducer().states<float>());
  });
}

// A trainer that throws in backward takes its reducer with it.
TEST(Overlap, ARankThatLeavesWithinAStepIsAnErrorForTheOthers) {
  const auto run = [](Communicator& communicator) {
    Trainer trainer(communicator, options("onebit", "ef14"));
    trainer.compute(0);
    trainer.reducer().begin();
    trainer.push(kTensors - 1);
    if (communicator.rank() == 1) throw std::runtime_error("backward failed");
    for (std::size_t t = 0; t + 1 < kTensors; ++t) trainer.push(t);
    EXPECT_THROW(trainer.reducer().wait(), TransportError);
  };
  EXPECT_THAT([&] { run_local(3, run); },
              testing::ThrowsMessage<std::runtime_error>(HasSubstr("backward failed")));
}

}  // namespace
}  // namespace pith::test
