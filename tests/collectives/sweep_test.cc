// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <pith/collectives/encode.h>
#include <pith/comm/local.h>
#include <pith/compressors/registry.h>
#include <pith/core/hash.h>
#include <pith/core/random.h>
#include <pith/feedback/registry.h>

#include "support/with_threads.h"

// A sweep that composes, encodes and commits block by block gives the bits of the plain way, which
// rounds that measure take.
namespace pith::test {
namespace {

constexpr const char* kCompressors[] = {"topk(density=0.01)",
                                        "onebit",
                                        "quantize(bits=4)",
                                        "natural",
                                        "cast(bf16)",
                                        "topk(density=0.1,values=4bit)",
                                        "blocktopk(k=5,block=100)",
                                        "threshold(value=2)",
                                        "onebit(block=333,scale=l2)",
                                        "quantize(bits=3,bucket=7)",
                                        "quantize(bits=4,rounding=stochastic)"};

constexpr const char* kRules[] = {
    "none", "ef14", "ef21", "ef21_sgdm(eta=0.3)", "econtrol(eta=0.2)", "econtrol"};

/// All, or under sanitizers, which take ten times as long, one of each kind.
std::span<const char* const> some_compressors() {
  return std::span(kCompressors).first(PITH_MANY_ELEMENTS > 10000 ? std::size(kCompressors) : 5);
}

struct Case {
  std::string compressor;
  std::string rule;
  std::size_t n = 0;
  std::size_t segments = 1;
  Commit commit = Commit::step;
};

/// One rank's sending half, with all that it leaves behind.
class Sender {
 public:
  Sender(const Case& one, bool plainly, Communicator& alone)
      : mean_(one.n),
        rule_(make_feedback<float>(parse_spec(one.rule), one.n, one.commit)),
        compressor_(make_message<float>(parse_pipeline(one.compressor), Shape::flat(one.n))),
        segments_(one.segments),
        round_{alone, scratch_} {
    round_.measure_error = plainly;
    round_.step.learning_rate = 0.1;
    unit_.name = "gradient";
    unit_.key = hash("gradient");
    unit_.elements = one.n;
    unit_.mean = mean_;
    unit_.feedback = rule_.get();
    unit_.message = compressor_.get();
  }

  /// The bytes that it sends, followed by its states.
  std::vector<std::byte> step(std::span<const float> gradient) {
    scratch_.clear();
    unit_.gradient = gradient;
    unit_.gradient_scale = round_.step.step == 1 ? 0.7 : 1;
    round_.step.state_scale = round_.step.step == 2 ? 0.5 : 1;
    const auto encoded = encode_bucket<float>({&unit_, 1}, segments_, round_);
    EXPECT_TRUE(round_.faults.empty());
    std::vector<std::byte> all;
    for (const auto payload : encoded.payloads)
      all.insert(all.end(), payload.begin(), payload.end());
    rule_->accept();
    for (const auto& state : rule_->states()) {
      const auto bytes = std::as_bytes(state.values);
      all.insert(all.end(), bytes.begin(), bytes.end());
    }
    ++round_.step.step;
    return all;
  }

  /// A step that is given up; what was wrong with it.
  std::string fail(std::span<const float> gradient) {
    scratch_.clear();
    unit_.gradient = gradient;
    encode_bucket<float>({&unit_, 1}, segments_, round_);
    const std::string text = round_.faults.empty() ? "" : round_.faults.front().text;
    round_.faults.clear();
    return text;
  }

 private:
  std::vector<float> mean_;
  std::unique_ptr<Feedback<float>> rule_;
  std::unique_ptr<MessageCompressor<float>> compressor_;
  std::size_t segments_;
  Scratch scratch_;
  Round round_;
  Unit<float> unit_;
};

// Normal numbers in an order of its own in every step; to draw them all would take most of the
// time.
std::vector<float> gradient(std::size_t n, std::uint64_t step) {
  static const std::vector<float> pool = [] {
    const Random random({.seed = 7});
    std::vector<float> drawn(8191);
    for (std::size_t i = 0; i < drawn.size(); ++i) drawn[i] = static_cast<float>(random.normal(i));
    return drawn;
  }();
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = pool[(i + 977 * step) % pool.size()] * static_cast<float>(1 + i % 5);
  }
  return x;
}

void expect_same(const Case& one) {
  run_local(1, [&](Communicator& alone) {
    Sender swept(one, false, alone);
    Sender plain(one, true, alone);
    for (std::uint64_t t = 0; t < 4; ++t) {
      const auto x = gradient(one.n, t);
      ASSERT_EQ(swept.step(x), plain.step(x))
          << one.compressor << ", " << one.rule << ", n = " << one.n << ", step " << t;
    }
  });
}

/// One thread and three, which the rule must have known from the start.
void expect_same_on_threads(const Case& one) {
  run_local(1, [&](Communicator& alone) {
    std::vector<std::vector<std::byte>> messages[2];
    for (const bool several : {false, true}) {
      const WithThreads number(several ? 3 : 1);
      Sender sender(one, false, alone);
      for (std::uint64_t t = 0; t < 3; ++t)
        messages[several].push_back(sender.step(gradient(one.n, t)));
    }
    EXPECT_EQ(messages[0], messages[1]) << one.compressor << ", " << one.rule;
  });
}

TEST(Sweep, GivesThePlainBitsForEveryRuleAndCompressor) {
  for (const std::string compressor : kCompressors) {
    for (const std::string rule : kRules) {
      for (const std::size_t n : {1u, 333u, 9001u}) {
        expect_same({compressor, rule, n});
        expect_same({compressor, rule, n, 3, Commit::inplace});
      }
    }
  }
}

// Large enough for states that are written past the caches.
TEST(Sweep, GivesThePlainBitsOfLargeTensors) {
  constexpr std::size_t kLarge = (std::size_t{1} << 18) + 77;
  for (const std::string compressor : {"topk(density=0.01)", "onebit", "quantize(bits=4)"}) {
    for (const std::string rule : kRules) {
      expect_same({compressor, rule, kLarge});
      expect_same({compressor, rule, kLarge, 3, Commit::inplace});
    }
  }
}

// Parts that do not divide evenly, and blocks that no part's start is a multiple of.
TEST(Sweep, GivesTheSameBitsOnSeveralThreads) {
  constexpr std::size_t kLarge = (std::size_t{3} << 17) + 77;
  constexpr std::size_t kCut = (std::size_t{1} << 19) + 77;  // also segments are worth two threads
  for (const std::string compressor : some_compressors()) {
    expect_same_on_threads({compressor, "ef14", kLarge});
    expect_same_on_threads({compressor, "econtrol(eta=0.2)", kCut, 2});
  }
  for (const std::string rule : kRules) {
    expect_same_on_threads({"onebit", rule, kLarge});
    expect_same_on_threads({"topk(density=0.01)", rule, kLarge, 1, Commit::inplace});
  }
}

std::vector<std::byte> message_of(const Case& one, const std::vector<float>& x, std::size_t number,
                                  Communicator& alone) {
  const WithThreads several(number);
  return Sender(one, false, alone).step(x);
}

// No guess can be made of few elements; one that is too high finds too few, and one that is too low
// too many.
TEST(Sweep, GivesTheSameBitsOnSeveralThreadsWhereTheGuessFails) {
  constexpr std::size_t kLarge = std::size_t{3} << 17;
  auto rising = gradient(kLarge, 0);
  for (std::size_t i = 0; i < kLarge; ++i) rising[i] = static_cast<float>(i * i);
  auto lines = gradient(kLarge, 0);  // the sample sees whole lines of 16
  for (std::size_t i = 0; i < kLarge; ++i) lines[i] *= i / 16 % 97 == 0 ? 1e3f : 1e-3f;
  const std::vector<float> alike(kLarge, 1.0f);
  run_local(1, [&](Communicator& alone) {
    for (const std::string compressor :
         {"topk(k=100)", "topk(density=0.0103)", "topk(density=0.02)", "topk(density=0.3)"}) {
      for (const std::string rule : {"ef14", "ef21"}) {
        for (const auto& x : {rising, lines, alike}) {
          const Case one{compressor, rule, kLarge};
          EXPECT_EQ(message_of(one, x, 1, alone), message_of(one, x, 3, alone)) << compressor;
        }
      }
    }
  });
}

// What the failed step wrote beside its place must not come back, on whichever thread it was.
TEST(Sweep, LeavesNothingOfAStepWithANan) {
  constexpr std::size_t kLarge = (std::size_t{3} << 17) + 77;
  const WithThreads three(3);
  run_local(1, [&](Communicator& alone) {
    for (const std::string compressor : {"onebit", "topk(density=0.01)", "quantize(bits=4)"}) {
      for (const std::string rule : kRules) {
        for (const std::size_t bad : {kLarge / 6, kLarge / 2, kLarge - 1}) {
          Sender sender({compressor, rule, kLarge}, false, alone);
          Sender clean({compressor, rule, kLarge}, false, alone);
          EXPECT_EQ(sender.step(gradient(kLarge, 0)), clean.step(gradient(kLarge, 0)));
          auto x = gradient(kLarge, 1);
          x[bad] = std::numeric_limits<float>::quiet_NaN();
          EXPECT_EQ(sender.fail(x), "gradient: element " + std::to_string(bad) + " is nan");
          const WithThreads one(1);  // others do not write over what they left
          EXPECT_EQ(sender.step(gradient(kLarge, 2)), clean.step(gradient(kLarge, 2)))
              << compressor << ", " << rule << ", element " << bad;
        }
      }
    }
  });
}

}  // namespace
}  // namespace pith::test
