// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include <pith/core/random.h>
#include <pith/feedback/kernels.h>

#include "support/every_simd_target.h"

namespace pith::test {
namespace {

template <class T>
class Kernels : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Kernels, Types);

template <class T>
std::vector<T> numbers(std::size_t n, std::uint64_t seed) {
  const Random random({.seed = seed});
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<T>(random.normal(i));
  return x;
}

constexpr std::size_t kSizes[] = {0, 1, 7, 16, 33, 1001};

// `run` gets the gradient, the state, the followed gradient, and where to write the state and the
// message; `plain` the same of one element.
template <class T, class Run, class Plain>
void expect_as_one_by_one(Run run, Plain plain) {
  on_every_simd_target([&] {
    for (const std::size_t n : kSizes) {
      for (const std::size_t first : {0u, 1u, 3u}) {
        const auto g = numbers<T>(first + n, 1);
        const auto state = numbers<T>(first + n, 2);
        const auto own = numbers<T>(first + n, 3);
        const auto from = [&](const std::vector<T>& x) { return std::span(x).subspan(first); };
        std::vector<T> next(n), u(n), in_place(state), alone(n);
        run(from(g), from(state), from(own), std::span(next), std::span(u));
        run(from(g), std::span<const T>(in_place).subspan(first), from(own),
            std::span(in_place).subspan(first), std::span(alone));
        for (std::size_t i = 0; i < n; ++i) {
          const auto [expected_next, expected_u] =
              plain(g[first + i], state[first + i], own[first + i]);
          EXPECT_EQ(next[i], expected_next) << i << " of " << n;
          EXPECT_EQ(u[i], expected_u) << i << " of " << n;
          EXPECT_EQ(in_place[first + i], expected_next) << i << " of " << n;
        }
        EXPECT_EQ(alone, u);
        run(from(g), from(state), from(own), std::span(alone), std::span(alone));
        EXPECT_EQ(alone, u) << "the message is written last";
        std::ranges::copy(from(g), alone.begin());
        run(std::span<const T>(alone), from(state), from(own), std::span(alone), std::span(alone));
        EXPECT_EQ(alone, u) << "over the gradient";
      }
    }
  });
}

TYPED_TEST(Kernels, TakeMomentumStepsAsOneByOneOnEveryInstructionSet) {
  using T = TypeParam;
  const MomentumStep<T> step{T(0.3), T(0.7), T(0.9)};
  expect_as_one_by_one<T>([&](auto... spans) { step.run(spans...); },
                          [&](T g, T before, T own) {
                            const T after = (T(1) - step.eta) * (step.state_scale * before) +
                                            step.eta * (step.gradient_scale * g);
                            return std::pair(after, after - step.state_scale * own);
                          });
}

TYPED_TEST(Kernels, TakeControlStepsAsOneByOneOnEveryInstructionSet) {
  using T = TypeParam;
  const ControlStep<T> step{T(0.3), T(0.7), T(0.9)};
  expect_as_one_by_one<T>([&](auto... spans) { step.run(spans...); },
                          [&](T g, T error, T own) {
                            const T residual = step.state_scale * error;
                            const T difference = step.gradient_scale * g - step.state_scale * own;
                            return std::pair(residual + difference,
                                             step.share * residual + difference);
                          });
}

}  // namespace
}  // namespace pith::test
