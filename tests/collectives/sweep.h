// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <pith/collectives/encode.h>
#include <pith/collectives/linear.h>
#include <pith/comm/local.h>
#include <pith/compressors/registry.h>
#include <pith/core/hash.h>
#include <pith/core/random.h>
#include <pith/feedback/registry.h>

#include "support/with_threads.h"

namespace pith::test {

inline constexpr const char* kRules[] = {"ef14",
                                         "econtrol(eta=0.2)",
                                         "none",
                                         "ef21",
                                         "ef21_sgdm(eta=0.3)",
                                         "econtrol",
                                         "ef21_sgd2m(eta=0.3)",
                                         "clip21(norm=9)",
                                         "dgc",
                                         "ef14(state=8bit)",
                                         "ef_bv(lambda=0.6,nu=0.9)"};

struct Case {
  std::string compressor;
  std::string rule;
  std::size_t n = 0;
  std::size_t segments = 1;
  Commit commit = Commit::step;
  std::size_t columns = 0;  // of the matrix that a linear compressor takes it for

  std::string text() const {
    return compressor + ", " + rule + ", n = " + std::to_string(n) + ", " +
           std::to_string(columns) + " columns";
  }
};

/// One rank's sending half, with all that it leaves behind.
class Sender {
 public:
  Sender(const Case& one, bool plainly, Communicator& alone)
      : mean_(one.n),
        rule_(make_feedback<float>(parse_spec(one.rule), one.n, one.commit)),
        segments_(one.segments),
        round_{alone, scratch_} {
    const Pipeline compressor = parse_pipeline(one.compressor);
    if (one.columns > 0) {
      linear_ = make_linear<float>(compressor, Shape{one.n / one.columns, one.columns});
    } else {
      message_ = make_message<float>(compressor, Shape::flat(one.n));
    }
    round_.measure_error = plainly;
    round_.step.learning_rate = 0.1;
    rule_->carried_by({});
    unit_.name = "gradient";
    unit_.key = hash("gradient");
    unit_.elements = one.n;
    unit_.mean = mean_;
    unit_.feedback = rule_.get();
    unit_.message = message_.get();
    unit_.linear = linear_.get();
  }

  /// The bytes that it sends, or the mean that it receives, followed by its states.
  std::vector<std::byte> step(std::span<const float> gradient) {
    unit_.gradient_scale = round_.step.step == 1 ? 0.7 : 1;
    round_.step.state_scale = round_.step.step == 2 ? 0.5 : 1;
    std::vector<std::byte> all = exchange(gradient);
    EXPECT_TRUE(round_.faults.empty());
    rule_->accept();
    append(rule_->states(), all);
    if (linear_) {
      linear_->accept();
      append(linear_->states(), all);
    }
    ++round_.step.step;
    return all;
  }

  /// A step that is given up; what was wrong with it.
  std::string fail(std::span<const float> gradient) {
    exchange(gradient);
    const std::string text = round_.faults.empty() ? "" : round_.faults.front().text;
    round_.faults.clear();
    return text;
  }

 private:
  std::vector<std::byte> exchange(std::span<const float> gradient) {
    scratch_.clear();
    unit_.gradient = gradient;
    std::vector<std::byte> all;
    if (linear_) {
      linear<float>({&unit_, 1}, round_);
      append(std::as_bytes(std::span(mean_)), all);
    } else {
      for (round_.message = 0; round_.message < rule_->messages(); ++round_.message) {
        const auto encoded = encode_bucket<float>({&unit_, 1}, segments_, round_);
        for (const auto payload : encoded.payloads) append(payload, all);
      }
    }
    return all;
  }

  static void append(std::span<const std::byte> bytes, std::vector<std::byte>& all) {
    all.insert(all.end(), bytes.begin(), bytes.end());
  }

  static void append(const std::vector<StateView<float>>& states, std::vector<std::byte>& all) {
    for (const auto& state : states) append(std::as_bytes(state.values), all);
  }

  std::vector<float> mean_;
  std::unique_ptr<Feedback<float>> rule_;
  std::unique_ptr<MessageCompressor<float>> message_;  // or
  std::unique_ptr<LinearCompressor<float>> linear_;
  std::size_t segments_;
  Scratch scratch_;
  Round round_;
  Unit<float> unit_;
};

// Normal numbers in an order of its own in every step; to draw them all would take most of the
// time.
inline std::vector<float> gradient(std::size_t n, std::uint64_t step) {
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

/// One sweep and one thing after the other.
inline void expect_same(const Case& one) {
  run_local(1, [&](Communicator& alone) {
    Sender swept(one, false, alone);
    Sender plain(one, true, alone);
    for (std::uint64_t t = 0; t < 4; ++t) {
      const auto x = gradient(one.n, t);
      ASSERT_EQ(swept.step(x), plain.step(x)) << one.text() << ", step " << t;
    }
  });
}

/// One thread and three, which the rule must have known from the start.
inline void expect_same_on_threads(const Case& one) {
  run_local(1, [&](Communicator& alone) {
    std::vector<std::vector<std::byte>> messages[2];
    for (const bool several : {false, true}) {
      const WithThreads number(several ? 3 : 1);
      Sender sender(one, false, alone);
      for (std::uint64_t t = 0; t < 3; ++t)
        messages[several].push_back(sender.step(gradient(one.n, t)));
    }
    EXPECT_EQ(messages[0], messages[1]) << one.text();
  });
}

/// What a step with a NaN at element `bad` wrote beside its place does not come back.
inline void expect_nothing_left(const Case& one, std::size_t bad) {
  run_local(1, [&](Communicator& alone) {
    Sender sender(one, false, alone);
    Sender clean(one, false, alone);
    EXPECT_EQ(sender.step(gradient(one.n, 0)), clean.step(gradient(one.n, 0)));
    auto x = gradient(one.n, 1);
    x[bad] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_EQ(sender.fail(x), "gradient: element " + std::to_string(bad) + " is nan");
    const WithThreads alone_now(1);  // others do not write over what they left
    EXPECT_EQ(sender.step(gradient(one.n, 2)), clean.step(gradient(one.n, 2)))
        << one.text() << ", element " << bad;
  });
}

inline void expect_nothing_left(const Case& one) {
  for (const std::size_t bad : {one.n / 6, one.n / 2, one.n - 1}) expect_nothing_left(one, bad);
}

}  // namespace pith::test
