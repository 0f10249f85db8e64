// SPDX-License-Identifier: Apache-2.0
#include "support/exchange/exchange_contract.h"

#include <limits>

#include <gtest/gtest.h>

#include <pith/core/vector.h>
#include <pith/reducer/reducer.h>

#include "support/exchange/expected_bytes.h"
#include "support/exchange/trajectory.h"

namespace pith::test {
namespace {

// A reducer of one tensor "w".
template <Element T>
class OneTensor {
 public:
  OneTensor(Communicator& communicator, const LegalCase& legal, std::size_t n)
      : reducer(communicator, options_for(legal)) {
    reducer.add("w", nearly_square(n), element_type<T>);
  }
  Reducer reducer;
};

template <Element T>
void check_replicas(Communicator& communicator, const LegalCase& legal, std::size_t n, int steps) {
  OneTensor<T> one(communicator, legal, n);
  std::uint64_t digest = 0;  // of the results of all steps so far
  for (int t = 0; t < steps; ++t) {
    auto x = gradient<T>(n, static_cast<std::uint64_t>(t), communicator.rank());
    ASSERT_TRUE(step(one.reducer, x).committed);
    ASSERT_TRUE(all_finite(std::span<const T>(x))) << legal << ", step " << t;
    digest = hash(std::as_bytes(std::span(x)), digest);
    if (t % 50 != 0 && t + 1 != steps) continue;
    ASSERT_TRUE(same_on_all_ranks(communicator, std::span<const std::uint64_t>(&digest, 1)))
        << legal << ", in or before step " << t;
  }
}

// Some of the same numbers every time: drawing new ones would take most of the time.
template <Element T>
std::vector<T> pooled_gradient(std::size_t n, std::uint64_t step, int rank) {
  static const auto pool = gradient<T>(70'000, 0, 0);
  const auto first = pool.begin() + static_cast<std::ptrdiff_t>(1000 * step) + 100 * rank;
  return {first, first + static_cast<std::ptrdiff_t>(n)};
}

template <Element T>
void take_bad_step(Communicator& communicator, OneTensor<T>& one, const LegalCase& legal,
                   std::size_t n) {
  const std::string before = state_bytes<T>(one.reducer);
  auto bad = pooled_gradient<T>(n, 2, communicator.rank());
  if (communicator.rank() == communicator.size() - 1) {
    bad[n / 2] = std::numeric_limits<T>::quiet_NaN();
  }
  const StepResult result = step(one.reducer, bad);
  EXPECT_FALSE(result.committed) << legal;
  EXPECT_NE(result.reason.find("w: element"), std::string::npos) << result.reason;
  EXPECT_TRUE(state_bytes<T>(one.reducer) == before) << legal << ", n = " << n;
}

template <Element T>
void check_nan(Communicator& communicator, const LegalCase& legal, std::size_t n) {
  OneTensor<T> disturbed(communicator, legal, n);
  OneTensor<T> quiet(communicator, legal, n);
  const auto both = [&](std::uint64_t t) {
    auto x = pooled_gradient<T>(n, t, communicator.rank());
    auto y = x;
    step(disturbed.reducer, x);
    step(quiet.reducer, y);
    EXPECT_EQ(hash(std::as_bytes(std::span(x))), hash(std::as_bytes(std::span(y)))) << legal;
  };
  both(0);
  both(1);
  take_bad_step(communicator, disturbed, legal, n);
  both(2);
  both(3);
}

}  // namespace

void replicas_are_equal(Communicator& communicator, const LegalCase& legal, std::size_t n,
                        int steps) {
  check_replicas<float>(communicator, legal, n, steps);
  check_replicas<double>(communicator, legal, n, steps);
}

void bytes_follow_the_formula(Communicator& communicator, const LegalCase& legal, std::size_t n) {
  OneTensor<float> one(communicator, legal, n);
  auto x = gradient<float>(n, 0, communicator.rank());
  // The learning rate is not given, so that the first message is the gradient itself.
  one.reducer.push("w", std::span(x));
  one.reducer.wait();
  const Statistics counted = one.reducer.statistics();
  const ExpectedBytes expected =
      expected_bytes(legal, n, static_cast<std::size_t>(communicator.size()),
                     static_cast<std::size_t>(communicator.rank()));
  if (expected.wire_is_known) {
    EXPECT_EQ(counted.wire_bytes, expected.wire) << legal << ", n = " << n;
  }
  EXPECT_EQ(counted.message_bytes, expected.messages) << legal << ", n = " << n;
}

void a_nan_changes_nothing(Communicator& communicator, const LegalCase& legal, std::size_t n) {
  check_nan<float>(communicator, legal, n);
  check_nan<double>(communicator, legal, n);
}

void a_nan_leaves_every_state(Communicator& communicator, const LegalCase& legal, std::size_t n) {
  OneTensor<float> one(communicator, legal, n);
  auto x = pooled_gradient<float>(n, 0, communicator.rank());
  EXPECT_TRUE(step(one.reducer, x).committed) << legal;
  take_bad_step(communicator, one, legal, n);
}

}  // namespace pith::test
