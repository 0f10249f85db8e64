// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <pith/collectives/composition.h>
#include <pith/compressors/message.h>
#include <pith/core/vector.h>
#include <pith/feedback/ef14.h>

#include "compressors/linear_cases.h"

// What every linear compressor must keep to, over types and shapes.
namespace pith::test {
namespace {

template <class T>
class LinearContract : public LinearTest<T> {};

using Elements = testing::Types<float, double>;
TYPED_TEST_SUITE(LinearContract, Elements);

TYPED_TEST(LinearContract, MeanOfOwnPartsIsTheReconstruction) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> ranks(one.make, TestFixture::kRanks);
    for (std::uint64_t step = 0; step < 3; ++step) {
      ranks.step(gaussians<TypeParam>(ranks.size(), one.shape.elements(), step), {.step = step});
      Vectors<TypeParam> own;
      for (std::size_t r = 0; r < ranks.size(); ++r) own.push_back(ranks.own(r));
      EXPECT_TRUE(own[0].empty() || own[0] != own[1]);
      // The average of the factors is not rounded here, so 16 bits do not matter.
      const double rounding = 200 * static_cast<double>(std::numeric_limits<TypeParam>::epsilon());
      TestFixture::expect_near(mean_of(own), ranks.reconstruction(), rounding);
      ranks.accept();
    }
  });
}

TYPED_TEST(LinearContract, ManyRanksGiveWhatOneGivesOnTheMean) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> many(one.make, TestFixture::kRanks);
    LinearRanks<TypeParam> single(one.make, 1);
    const auto inputs = gaussians<TypeParam>(many.size(), one.shape.elements(), 5);
    many.step(inputs);
    single.step({mean_of(inputs)});
    TestFixture::expect_near(many.reconstruction(), single.reconstruction(), one.tolerance());
  });
}

TYPED_TEST(LinearContract, U3ReconstructionHasTheSameBitsOnEveryRank) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> ranks(one.make, TestFixture::kRanks);
    for (std::uint64_t step = 0; step < 3; ++step) {
      ranks.step(gaussians<TypeParam>(ranks.size(), one.shape.elements(), step), {.step = step});
      for (std::size_t r = 1; r < ranks.size(); ++r) {
        EXPECT_EQ(ranks.reconstruction(r), ranks.reconstruction(0));
      }
      ranks.accept();
    }
  });
}

TYPED_TEST(LinearContract, U4ZerosStayZeros) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> ranks(one.make, TestFixture::kRanks);
    const auto zeros = TestFixture::zeros(one);
    for (std::uint64_t step = 0; step < 2; ++step) {
      ranks.step({zeros, zeros, zeros}, {.step = step});
      EXPECT_EQ(ranks.reconstruction(), zeros);
      EXPECT_EQ(ranks.own(1), zeros);
      ranks.accept();
    }
  });
}

TYPED_TEST(LinearContract, U7TheSameKeyAndInputGiveTheSameFactors) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> first(one.make, 2), second(one.make, 2);
    for (std::uint64_t step = 0; step < 3; ++step) {
      const auto inputs = gaussians<TypeParam>(2, one.shape.elements(), step);
      const RandomKey key{.seed = 7, .tensor = 11, .step = step};
      first.step(inputs, key);
      second.step(inputs, key);
      EXPECT_EQ(first.sent(), second.sent());
      first.accept();
      second.accept();
    }
  });
}

TYPED_TEST(LinearContract, U9NeverErrsByMoreThanTheInput) {
  TestFixture::for_each_case([](const auto& one) {
    if (!one.contracts) return;
    auto one_hot = TestFixture::zeros(one);
    if (!one_hot.empty()) one_hot[one_hot.size() / 2] = TypeParam{-3};
    LinearRanks<TypeParam> ranks(one.make, 1);
    std::uint64_t step = 0;
    for (const auto& x : {gaussian<TypeParam>(one_hot.size(), 1), one_hot,
                          gaussian<TypeParam>(one_hot.size(), 2)}) {
      ranks.step({x}, {.step = step++});
      const double bound = TestFixture::squared_norm_of(x) * (1 + one.tolerance());
      EXPECT_LE(squared_distance(ranks.reconstruction(), x), bound);
      ranks.accept();
    }
  });
}

TYPED_TEST(LinearContract, AddsTheScaledPartToWhatIsThere) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> ranks(one.make, 2);
    const auto before = gaussian<TypeParam>(one.shape.elements(), 8);
    ranks.step(gaussians<TypeParam>(2, before.size(), 4));
    auto expected = before, y = before;
    axpy<TypeParam>(TypeParam{-0.5}, ranks.reconstruction(), expected);
    ranks[0].reconstruction().axpy(TypeParam{-0.5}, 0, y);
    TestFixture::expect_near(y, expected, 200 * std::numeric_limits<TypeParam>::epsilon());
  });
}

template <Element T>
void expect_bad_elements_are_found(LinearRanks<T>& ranks, const std::vector<T>& x) {
  using Limits = std::numeric_limits<T>;
  if (x.empty()) return;
  for (const std::size_t bad : {std::size_t{0}, x.size() / 2, x.size() - 1}) {
    for (const T value : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
      auto damaged = x;
      damaged[bad] = value;
      EXPECT_THROW(ranks.step({damaged}), NonFiniteError) << bad;
    }
  }
}

// In two steps, as a compressor's steps may differ.
TYPED_TEST(LinearContract, U5FindsWhatIsNotFiniteWhereverItIs) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> ranks(one.make, 1);
    const auto x = gaussian<TypeParam>(one.shape.elements(), 3);
    for (std::uint64_t step = 0; step < 2; ++step) {
      expect_bad_elements_are_found(ranks, x);
      EXPECT_NO_THROW(ranks.step({x}));
      ranks.accept();
    }
  });
}

// Blocks of whatever size, wherever they begin: within a row, over several.
TYPED_TEST(LinearContract, GivesAnyPartOfItsReconstruction) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> ranks(one.make, 2);
    ranks.step(gaussians<TypeParam>(2, one.shape.elements(), 6));
    const Decoded<TypeParam>* const whole = &ranks[0].reconstruction();
    const auto expected = ranks.reconstruction();
    for (const std::size_t size : {1u, 3u, 17u, 130u, 5000u}) {
      if (expected.size() > 100 * size) continue;
      auto y = TestFixture::zeros(one), mean = y;
      for (std::size_t i = 0; i < y.size(); i += size) {
        const auto count = std::min(size, y.size() - i);
        whole->axpy(1, i, std::span(y).subspan(i, count));
        whole->mean({&whole, 1}, 1, i, std::span(mean).subspan(i, count));
      }
      EXPECT_EQ(y, expected) << size;
      EXPECT_EQ(mean, expected) << size;
    }
  });
}

// What the rule learns is what own() says, each element once, in the last round at the latest.
TYPED_TEST(LinearContract, TellsItsSourceWhatWasSent) {
  TestFixture::for_each_case([](const auto& one) {
    const auto compressor = one.make();
    auto expected = TestFixture::zeros(one);
    Ef14<TypeParam> rule(expected.size(), Commit::inplace);
    for (std::uint64_t step = 0; step < 2; ++step) {
      const auto x = gaussian<TypeParam>(expected.size(), step);
      rule.begin(0, x, {}, {});
      Composition<TypeParam> source(rule, x.size());
      Scratch scratch;
      for (int round = 0; round < compressor->rounds(); ++round) {
        compressor->factor(round, source, {},
                           scratch.take<TypeParam>(compressor->factor_elements(round)), scratch);
      }
      axpy<TypeParam>(1, x, expected);
      compressor->own().axpy(-1, 0, expected);
      rule.accept();
      compressor->accept();
      EXPECT_TRUE(std::ranges::equal(rule.states().front().values, expected));
    }
  });
}

template <Element T>
void copy_states(LinearCompressor<T>& from, LinearCompressor<T>& to) {
  const auto saved = from.states(), loaded = to.states();
  ASSERT_EQ(saved.size(), loaded.size());
  for (std::size_t s = 0; s < saved.size(); ++s) {
    ASSERT_EQ(saved[s].values.size(), loaded[s].values.size());
    std::ranges::copy(saved[s].values, loaded[s].values.begin());
  }
}

// New ranks begin with the states of others, after any number of steps.
TYPED_TEST(LinearContract, ContinuesFromItsStatesWithTheSameBits) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> old(one.make, 2);
    for (std::uint64_t step = 0; step < 4; ++step) {
      LinearRanks<TypeParam> restarted(one.make, 2);
      for (std::size_t r = 0; r < 2; ++r) copy_states(old[r], restarted[r]);
      const auto inputs = gaussians<TypeParam>(2, one.shape.elements(), step);
      for (auto* ranks : {&old, &restarted}) ranks->step(inputs, {.step = step});
      EXPECT_EQ(old.sent(), restarted.sent());
      EXPECT_EQ(old.reconstruction(), restarted.reconstruction());
      old.accept();
    }
  });
}

TYPED_TEST(LinearContract, AStepThatIsNotAcceptedLeavesNoTrace) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> disturbed(one.make, 2), undisturbed(one.make, 2);
    for (std::uint64_t step = 0; step < 3; ++step) {
      disturbed.step(gaussians<TypeParam>(2, one.shape.elements(), 90 + step), {.step = 90 + step});
      const auto inputs = gaussians<TypeParam>(2, one.shape.elements(), step);
      for (auto* ranks : {&disturbed, &undisturbed}) {
        ranks->step(inputs, {.step = step});
        ranks->accept();
      }
      EXPECT_EQ(disturbed.sent(), undisturbed.sent());
      EXPECT_EQ(disturbed.reconstruction(), undisturbed.reconstruction());
    }
  });
}

}  // namespace
}  // namespace pith::test
