// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include <pith/compressors/bits.h>
#include <pith/feedback/ef14.h>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"

// U1: what was decoded and what the residual keeps are what was composed.
namespace pith::test {
namespace {

constexpr std::size_t kSizes[] = {0, 1, 7, 8, 9, 31, 32, 33, 1000, 65537};

/// A message as the rule sees it: through decode_axpy, as every other rank does.
template <Element T>
class SentMessage final : public Decoded<T> {
 public:
  SentMessage(MessageCodec<T>& codec, const Encoded& message) : codec_(codec), message_(message) {}

  void axpy(T a, std::size_t, std::span<T> y) const override {
    for (std::size_t s = 0; s < message_.segments.size(); ++s) {
      const auto part = y.subspan(message_.cuts[s], message_.elements(s));
      codec_->decode_axpy(a, message_.segment(s), part, codec_.scratch());
    }
  }

 private:
  MessageCodec<T>& codec_;
  const Encoded& message_;
};

/// One rank's rule over one codec.
template <Element T>
class Rank {
 public:
  Rank(const std::string& spec, std::size_t n) : rule_(n, Commit::step), codec_(spec) {}

  /// Returns what was composed.
  std::vector<T> step(const std::vector<T>& gradient, std::uint64_t number) {
    const auto x = rule_.compose_all(0, gradient, {.step = number}, {});
    std::vector<T> composed(x.begin(), x.end());
    const auto message =
        codec_.encode_cut(composed, even_cuts(composed.size(), 3), {.seed = 1, .step = number});
    decoded = codec_.decode(message);
    rule_.commit_all(gradient.size(), SentMessage<T>(codec_, message));
    rule_.accept();
    return composed;
  }

  std::vector<T> residual() {
    const auto values = rule_.states().front().values;
    return {values.begin(), values.end()};
  }

  std::vector<T> decoded;

 private:
  Ef14<T> rule_;
  MessageCodec<T> codec_;
};

template <Element T>
std::vector<T> sum(const std::vector<T>& x, const std::vector<T>& y) {
  std::vector<T> out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) out[i] = x[i] + y[i];
  return out;
}

template <Element T>
T largest_magnitude(const std::vector<T>& x) {
  T largest = 0;
  for (const T value : x) largest = std::max(largest, std::abs(value));
  return largest;
}

/// To one ulp of the largest number that was added or taken away.
template <Element T>
void expect_conservation(const std::vector<T>& composed, Rank<T>& rank) {
  const T scale = std::max(largest_magnitude(composed), largest_magnitude(rank.decoded));
  const T ulp = scale * std::numeric_limits<T>::epsilon();
  const auto whole = sum(rank.residual(), rank.decoded);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    ASSERT_NEAR(whole[i], composed[i], ulp) << i << " of " << whole.size();
  }
}

class Conservation : public testing::TestWithParam<std::string> {
 protected:
  static bool sends_something(std::size_t n) {
    return n >= 1000 && GetParam() != "threshold(value=100)";
  }
};

TEST_P(Conservation, U1ResidualAndDecodedMakeUpGradientAndResidual) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    for (const std::size_t n : kSizes) {
      Rank<T> rank(GetParam(), n);
      for (std::uint64_t step = 0; step < 3; ++step) {
        const auto gradient = gaussian<T>(n, step + 1);
        const auto expected = sum(gradient, rank.residual());
        ASSERT_EQ(rank.step(gradient, step), expected);
        expect_conservation(expected, rank);
        // A decoder of nothing but zeros would conserve too.
        if (sends_something(n)) {
          ASSERT_NE(rank.decoded, constant(n, zero));
        }
      }
    }
  });
}

TEST_P(Conservation, U1HoldsForNegativeZeros) {
  for_each_type([](auto zero) {
    Rank<decltype(zero)> rank(GetParam(), 33);
    EXPECT_EQ(rank.step(constant(33, -zero), 0), constant(33, zero));
    EXPECT_EQ(rank.decoded, constant(33, zero));
    EXPECT_EQ(rank.residual(), constant(33, zero));
  });
}

INSTANTIATE_TEST_SUITE_P(All, Conservation, testing::ValuesIn(message_specs()), test_name);

/// How many of x a selection keeps.
template <Element T>
std::size_t kept_of(const std::string& spec, const std::vector<T>& x) {
  const std::size_t n = x.size();
  if (spec == "topk(density=0.01)") return (n + 99) / 100;
  if (spec == "topk(k=1)") return std::min<std::size_t>(n, 1);
  if (spec == "topk(density=1)") return n;
  EXPECT_EQ(spec, "threshold(value=0.5)");
  const auto reaches = [](T value) { return std::abs(value) >= T(0.5); };
  return static_cast<std::size_t>(std::ranges::count_if(x, reaches));
}

/// The k elements of largest magnitude, of equal ones the first, and zeros.
template <Element T>
std::vector<T> k_largest(const std::vector<T>& x, std::size_t k) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(
      order, [&](std::size_t i, std::size_t j) { return std::abs(x[i]) > std::abs(x[j]); });
  std::vector<T> kept(x.size());
  for (std::size_t i = 0; i < k; ++i) kept[order[i]] = x[order[i]];
  return kept;
}

/// What the compressor keeps: blocktopk the largest of every block, the others of all.
template <Element T>
std::vector<T> selection(const std::string& spec, const std::vector<T>& x) {
  if (spec != "blocktopk(k=3,block=50)") return k_largest(x, kept_of(spec, x));
  std::vector<T> all;
  for (std::size_t i = 0; i < x.size(); i += 50) {
    const auto begin = x.begin() + static_cast<std::ptrdiff_t>(i);
    const std::size_t size = std::min<std::size_t>(50, x.size() - i);
    const std::vector<T> block(begin, begin + static_cast<std::ptrdiff_t>(size));
    const auto kept = k_largest(block, std::min<std::size_t>(3, size));
    all.insert(all.end(), kept.begin(), kept.end());
  }
  return all;
}

/// What a sum that starts at zero holds: the same bits, but a negative zero's.
template <Element T>
std::vector<BitsOf<T>> bits_added_to_zero(const std::vector<T>& x) {
  std::vector<BitsOf<T>> bits(x.size());
  std::ranges::transform(x, bits.begin(), [](T v) { return std::bit_cast<BitsOf<T>>(T(0) + v); });
  return bits;
}

class Selection : public testing::TestWithParam<std::string> {};

TEST_P(Selection, U1KeepsTheLargestToTheBitAndDropsTheRest) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    MessageCodec<T> codec(GetParam());
    for (const std::size_t n : kSizes) {
      for (const auto& x : {gaussian<T>(n), geometric<T>(n), eighths<T>(n), constant(n, -zero)}) {
        const auto expected = selection(GetParam(), x);
        ASSERT_EQ(bits_added_to_zero(codec.code(x)), bits_added_to_zero(expected)) << n;
      }
    }
  });
}

TEST_P(Selection, U1IsExactToTheBitUnderErrorFeedback) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    for (const std::size_t n : kSizes) {
      Rank<T> rank(GetParam(), n);
      for (std::uint64_t step = 0; step < 3; ++step) {
        const auto composed = rank.step(gaussian<T>(n, step + 1), step);
        ASSERT_EQ(bits_added_to_zero(sum(rank.residual(), rank.decoded)),
                  bits_added_to_zero(composed));
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(All, Selection,
                         testing::Values("topk(density=0.01)", "topk(k=1)", "topk(density=1)",
                                         "threshold(value=0.5)", "blocktopk(k=3,block=50)"),
                         test_name);

}  // namespace
}  // namespace pith::test
