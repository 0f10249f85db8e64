// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gtest/gtest.h>

#include <pith/core/vector.h>
#include <pith/feedback/ef14.h>

#include "compressors/linear_cases.h"

// U1 and U2: what linear compressors send and what error feedback keeps is all there was.
namespace pith::test {
namespace {

template <class T>
class LinearConservation : public LinearTest<T> {
 protected:
  using LinearTest<T>::squared_norm_of;

  static std::vector<Ef14<T>> rules(const LinearCase<T>& one) {
    return std::vector(LinearTest<T>::kRanks, Ef14<T>(one.shape.elements(), Commit::step));
  }

  /// What every rank's rule makes of new gradients.
  static Vectors<T> compose(std::vector<Ef14<T>>& rules, const LinearCase<T>& one,
                            std::uint64_t step) {
    auto x = gaussians<T>(rules.size(), one.shape.elements(), step);
    for (std::size_t r = 0; r < rules.size(); ++r) {
      const auto composed = rules[r].compose_all(0, x[r], {.step = step}, {});
      x[r].assign(composed.begin(), composed.end());
    }
    return x;
  }

  static void expect_conservation(const LinearCase<T>& one, Ef14<T>& rule,
                                  const std::vector<T>& own, const std::vector<T>& composed) {
    const auto values = rule.states().front().values;
    std::vector<T> residual(values.begin(), values.end());
    const double left = squared_norm_of(residual);
    axpy<T>(1, own, residual);
    LinearTest<T>::expect_near(residual, composed, 8 * std::numeric_limits<T>::epsilon());
    // Any own part would conserve, also one of zeros; a part of the input leaves less of it.
    if (one.contracts && !composed.empty()) {
      EXPECT_LT(left, squared_norm_of(composed));
    }
  }
};

using Elements = testing::Types<float, double>;
TYPED_TEST_SUITE(LinearConservation, Elements);

// With the residual as the rule keeps it, and the own part in memory of its own.
TYPED_TEST(LinearConservation, U1OwnPartAndResidualGiveWhatWasComposed) {
  TestFixture::for_each_case([](const auto& one) {
    LinearRanks<TypeParam> ranks(one.make, TestFixture::kRanks);
    auto rules = TestFixture::rules(one);
    for (std::uint64_t step = 0; step < 3; ++step) {
      const auto composed = TestFixture::compose(rules, one, step);
      ranks.step(composed, {.step = step});
      for (std::size_t r = 0; r < ranks.size(); ++r) {
        rules[r].commit_all(composed[r].size(), ranks[r].own());
        rules[r].accept();
        TestFixture::expect_conservation(one, rules[r], ranks.own(r), composed[r]);
      }
      ranks.accept();
    }
  });
}

TYPED_TEST(LinearConservation, U2SentPartsAndResidualTelescopeUnderErrorFeedback) {
  TestFixture::for_each_case([](const auto& one) {
    if (!one.contracts) return;
    LinearRanks<TypeParam> ranks(one.make, 1);
    auto residual = TestFixture::zeros(one), given = residual, received = residual;
    for (std::uint64_t step = 0; step < 50; ++step) {
      const auto gradient = gaussian<TypeParam>(residual.size(), step);
      axpy<TypeParam>(1, gradient, residual);
      axpy<TypeParam>(1, gradient, given);
      ranks.step({residual}, {.step = step});
      ranks[0].own().axpy(-1, 0, residual);
      ranks[0].reconstruction().axpy(1, 0, received);
      ranks.accept();
    }
    axpy<TypeParam>(1, residual, received);
    TestFixture::expect_near(received, given, 1e-4);
  });
}

}  // namespace
}  // namespace pith::test
