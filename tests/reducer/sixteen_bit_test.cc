// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/log.h>

#include "support/exchange/legal_cases.h"
#include "support/exchange/trajectory.h"

// Gradients in fp16 and bf16: exact on their way in, computed with in float, rounded once to the
// nearest number, ties to even, on their way out.
namespace pith::test {
namespace {

template <class V>
constexpr ElementType kType =
    std::is_same_v<V, Half> ? ElementType::float16 : ElementType::bfloat16;

template <class V>
std::vector<V> all_rounded(const std::vector<float>& x) {
  std::vector<V> out(x.size());
  std::ranges::transform(x, out.begin(), to_number<V>);
  return out;
}

template <class V>
std::vector<float> floats(const std::vector<V>& x) {
  std::vector<float> out(x.size());
  std::ranges::transform(x, out.begin(), [](V value) { return to_float(value); });
  return out;
}

// Rank 0 stays away from every third step.
template <class V>
void exchange(Reducer& reducer, std::vector<V>& x, int rank, std::uint64_t t) {
  if (rank == 0 && t % 3 == 2) {
    reducer.skip("w", std::span(x));
  } else {
    reducer.push("w", std::span(x));
  }
  EXPECT_TRUE(reducer.wait({.learning_rate = 0.1}).committed);
}

/// A reducer in 16 bit beside one that gets the same numbers as floats.
template <class V>
void expect_the_floats_rounded(Communicator& communicator, const LegalCase& legal) {
  constexpr std::size_t kElements = 333;
  Reducer half(communicator, options_for(legal));
  Reducer whole(communicator, options_for(legal));
  half.add("w", nearly_square(kElements), kType<V>);
  whole.add("w", nearly_square(kElements));
  for (std::uint64_t t = 0; t < 4; ++t) {
    auto x = all_rounded<V>(gradient<float>(kElements, t, communicator.rank()));
    auto y = floats(x);
    exchange(half, x, communicator.rank(), t);
    exchange(whole, y, communicator.rank(), t);
    EXPECT_EQ(x, all_rounded<V>(y)) << "step " << t;
    EXPECT_EQ(state_bytes<float>(half), state_bytes<float>(whole)) << "step " << t;
  }
}

class SixteenBit : public testing::TestWithParam<LegalCase> {
 protected:
  void SetUp() override { set_log_level(LogLevel::none); }
};

TEST_P(SixteenBit, EstimatesAreThoseOfFloatsRounded) {
  run_local(3, [](Communicator& communicator) {
    expect_the_floats_rounded<Half>(communicator, GetParam());
    expect_the_floats_rounded<BFloat16>(communicator, GetParam());
  });
}

INSTANTIATE_TEST_SUITE_P(All, SixteenBit, testing::ValuesIn(legal_cases()),
                         [](const auto& test) { return test_name(test.param); });

// On two ranks, the second of which pushes the next number of the type: the mean is in the middle.
template <class V>
void expect_ties_to_even(float step) {
  run_local(2, [&](Communicator& communicator) {
    Reducer reducer(communicator, {.compressor = "none"});
    reducer.add("w", {4}, kType<V>);
    const float next = communicator.rank() == 0 ? 0 : step;
    std::vector<V> x;
    for (const float value : {1.0f, 1 + step, -1.0f, -1 - step}) {
      x.push_back(to_number<V>(value < 0 ? value - next : value + next));
    }
    EXPECT_EQ(to_float(x[1]), 1 + step + next);
    reducer.push("w", std::span(x));
    reducer.wait();
    EXPECT_EQ(floats(x), (std::vector<float>{1, 1 + 2 * step, -1, -1 - 2 * step}));
  });
}

TEST(SixteenBit, AMeanBetweenTwoNumbersGoesToTheEvenOne) {
  expect_ties_to_even<Half>(0x1p-10f);
  expect_ties_to_even<BFloat16>(0x1p-7f);
}

}  // namespace
}  // namespace pith::test
