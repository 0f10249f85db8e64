// SPDX-License-Identifier: Apache-2.0
#include "support/exchange/sharded_contract.h"

#include <limits>

#include <gtest/gtest.h>

#include <pith/core/error.h>
#include <pith/core/vector.h>
#include <pith/feedback/registry.h>

#include "support/exchange/expected_bytes.h"

namespace pith::test {
namespace {

std::string name_of(const LegalCase& legal, std::size_t n) {
  return test_name(legal) + " " + std::to_string(n);
}

template <Element T>
std::string bytes_of(const std::vector<StateView<T>>& states) {
  std::string all;
  for (const StateView<T>& state : states) {
    all += state.name + ":";
    const auto bytes = std::as_bytes(std::span<const T>(state.values));
    all.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return all;
}

/// One of the two calls, with what it writes.
template <Element T>
class Call {
 public:
  Call(bool gathers, const LegalCase& legal, std::size_t n, const Communicator& communicator)
      : gathers_(gathers),
        legal_(legal),
        in_(gathers ? shard_size(communicator, n) : n),
        out(gathers ? n : shard_size(communicator, n), T(-1)) {}

  std::vector<T> input(std::uint64_t step, int rank) const { return gradient<T>(in_, step, rank); }

  bool operator()(Communicator& communicator, const std::vector<T>& in) {
    if (gathers_) {
      return all_gather(communicator, "w", std::span<const T>(in), std::span<T>(out),
                        legal_.compressor, legal_.feedback);
    }
    return reduce_scatter_mean(communicator, "w", std::span<const T>(in), std::span<T>(out),
                               legal_.compressor, legal_.feedback);
  }

  std::string states(Communicator& communicator) const {
    return bytes_of(gathers_ ? all_gather_states<T>(communicator, "w")
                             : reduce_scatter_states<T>(communicator, "w"));
  }

 private:
  bool gathers_;
  const LegalCase& legal_;
  std::size_t in_;

 public:
  std::vector<T> out;
};

template <Element T>
void check_equal_bits(Communicator& communicator, const LegalCase& legal, std::size_t n,
                      int steps) {
  std::vector<T> all(n);
  for (int t = 0; t < steps; ++t) {
    const auto mine = gradient<T>(shard_size(communicator, n), static_cast<std::uint64_t>(t),
                                  communicator.rank());
    ASSERT_TRUE(all_gather(communicator, name_of(legal, n), std::span<const T>(mine),
                           std::span<T>(all), legal.compressor, legal.feedback));
    ASSERT_TRUE(all_finite(std::span<const T>(all))) << legal << ", step " << t;
    ASSERT_TRUE(same_on_all_ranks(communicator, std::span<const T>(all)))
        << legal << ", n = " << n << ", step " << t;
  }
}

// The last rank's shard is the last to be empty.
template <Element T>
void take_bad_call(Communicator& communicator, Call<T>& call, const LegalCase& legal) {
  const std::string before = call.states(communicator);
  const auto written = call.out;
  auto bad = call.input(2, communicator.rank());
  if (communicator.rank() == communicator.size() - 1) {
    bad[bad.size() / 2] = std::numeric_limits<T>::quiet_NaN();
  }
  EXPECT_FALSE(call(communicator, bad)) << legal;
  EXPECT_EQ(call.out, written) << legal;
  EXPECT_TRUE(call.states(communicator) == before) << legal;
}

// A part of the communicator with the same ranks keeps states of its own.
template <Element T>
void check_nan(bool gathers, Communicator& communicator, const LegalCase& legal, std::size_t n) {
  const auto disturbed = communicator.split(0, communicator.rank());
  const auto quiet = communicator.split(0, communicator.rank());
  Call<T> one(gathers, legal, n, *disturbed);
  Call<T> other(gathers, legal, n, *quiet);
  for (std::uint64_t t = 0; t < 4; ++t) {
    if (t == 2) take_bad_call(*disturbed, one, legal);
    const auto x = one.input(t, communicator.rank());
    EXPECT_TRUE(one(*disturbed, x));
    EXPECT_TRUE(other(*quiet, x));
    EXPECT_EQ(one.out, other.out) << legal << ", n = " << n << ", step " << t;
  }
}

void check_bytes(bool gathers, Communicator& communicator, const LegalCase& legal, std::size_t n) {
  const auto part = communicator.split(0, communicator.rank());
  Call<float> call(gathers, legal, n, *part);
  const auto p = static_cast<std::size_t>(part->size());
  const auto r = static_cast<std::size_t>(part->rank());
  ASSERT_TRUE(call(*part, call.input(0, part->rank())));
  EXPECT_EQ(part->wire_bytes(), gathers ? expected_all_gather_bytes(legal, n, p, r)
                                        : expected_reduce_scatter_bytes(legal, n, p, r))
      << legal << ", n = " << n << (gathers ? ", all_gather" : ", reduce_scatter_mean");
}

}  // namespace

std::vector<LegalCase> sharded_cases() {
  std::vector<LegalCase> cases;
  for (const LegalCase& legal : legal_cases()) {
    if (legal.exchange == "sharded" || legal.compressor == "none") cases.push_back(legal);
  }
  return cases;
}

std::vector<LegalCase> gathered_cases() {
  std::vector<LegalCase> cases;
  for (const LegalCase& legal : sharded_cases()) {
    if (can_gather(legal)) cases.push_back(legal);
  }
  return cases;
}

bool can_gather(const LegalCase& legal) { return feedback_rule(legal.feedback).exact_is_mean; }

std::size_t shard_size(const Communicator& communicator, std::size_t n) {
  const auto p = static_cast<std::size_t>(communicator.size());
  const auto r = static_cast<std::size_t>(communicator.rank());
  return n * (r + 1) / p - n * r / p;
}

void gathered_shards_are_equal(Communicator& communicator, const LegalCase& legal, std::size_t n,
                               int steps) {
  check_equal_bits<float>(communicator, legal, n, steps);
  check_equal_bits<double>(communicator, legal, n, steps);
}

void sharded_bytes_follow_the_formula(Communicator& communicator, const LegalCase& legal,
                                      std::size_t n) {
  check_bytes(false, communicator, legal, n);
  if (can_gather(legal)) check_bytes(true, communicator, legal, n);
}

void a_nan_changes_no_shard(Communicator& communicator, const LegalCase& legal, std::size_t n) {
  check_nan<float>(false, communicator, legal, n);
  check_nan<double>(false, communicator, legal, n);
  if (!can_gather(legal)) return;
  check_nan<float>(true, communicator, legal, n);
  check_nan<double>(true, communicator, legal, n);
}

void calls_in_different_orders_are_refused(Communicator& communicator) {
  constexpr std::size_t kElements = 9;
  const auto reduce = [&](const char* name) {
    const std::vector<float> x(kElements, 1.0f);
    std::vector<float> mine(shard_size(communicator, kElements));
    return reduce_scatter_mean(communicator, name, std::span<const float>(x), std::span(mine),
                               "none", "none");
  };
  const auto gather = [&] {
    const std::vector<float> mine(shard_size(communicator, kElements), 1.0f);
    std::vector<float> all(kElements);
    return all_gather(communicator, "a", std::span<const float>(mine), std::span(all), "none",
                      "none");
  };
  const bool odd = communicator.rank() == 1;
  ASSERT_TRUE(reduce("a"));
  EXPECT_THROW(reduce(odd ? "new" : "a"), UsageError);
  ASSERT_TRUE(reduce("b"));
  ASSERT_TRUE(reduce("b"));
  EXPECT_THROW(reduce(odd ? "b" : "a"), UsageError);
  EXPECT_THROW(odd ? gather() : reduce("a"), UsageError);
  EXPECT_TRUE(reduce("a"));
  EXPECT_TRUE(gather());
}

}  // namespace pith::test
