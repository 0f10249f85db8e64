// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"

// What holds for every compressor, whoever its author is: U4 and U7.
namespace pith::test {
namespace {

class Universal : public testing::TestWithParam<std::string> {};

constexpr std::size_t kSizes[] = {0, 1, 7, 8, 9, 31, 32, 33, 1000, 65537};
constexpr RandomKey kKey{.seed = 1, .tensor = 2, .step = 3, .rank = 0};

TEST_P(Universal, U4ZerosStayZeros) {
  for_each_type([](auto zero) {
    MessageCodec<decltype(zero)> codec(GetParam());
    for (const std::size_t n : kSizes) {
      ASSERT_EQ(codec.code(constant(n, zero), kKey), constant(n, zero));
      ASSERT_EQ(codec.code(constant(n, -zero), kKey), constant(n, zero));
    }
  });
}

TEST_P(Universal, U7SameKeyAndInputGiveTheSameBytes) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    MessageCodec<T> codec(GetParam());
    MessageCodec<T> other(GetParam());
    for (const std::size_t n : kSizes) {
      const auto x = gaussian<T>(n);
      const auto message = codec.encode_cut(x, even_cuts(n, 3), kKey);
      codec.encode(gaussian<T>(n, 2), {.step = 8});
      ASSERT_EQ(codec.encode_cut(x, even_cuts(n, 3), kKey), message);
      ASSERT_EQ(other.encode_cut(x, even_cuts(n, 3), kKey), message);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(All, Universal, testing::ValuesIn(message_specs()), test_name);

class Stochastic : public testing::TestWithParam<std::string> {};

TEST_P(Stochastic, U7EveryPartOfTheKeyChangesTheBytes) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    MessageCodec<T> codec(GetParam());
    const auto x = gaussian<T>(200);
    const auto message = codec.encode(x, kKey);
    for (const RandomKey& key : {RandomKey{9, 2, 3, 0}, RandomKey{1, 9, 3, 0},
                                 RandomKey{1, 2, 9, 0}, RandomKey{1, 2, 3, 9}}) {
      EXPECT_NE(codec.encode(x, key), message);
    }
  });
}

/// Mean and standard error of each decoded element.
template <Element T>
struct Moments {
  explicit Moments(std::size_t n) : sum(n), squares(n) {}

  void add(const std::vector<T>& y) {
    for (std::size_t i = 0; i < y.size(); ++i) {
      sum[i] += y[i];
      squares[i] += static_cast<double>(y[i]) * y[i];
    }
    ++count;
  }

  double mean(std::size_t i) const { return sum[i] / count; }
  double standard_error(std::size_t i) const {
    return std::sqrt(std::max(0.0, squares[i] / count - mean(i) * mean(i)) / count);
  }

  std::vector<double> sum, squares;
  double count = 0;
};

TEST_P(Stochastic, U8MeanOf20000DecodesIsTheInput) {
  for_each_type([](auto zero) {
    using T = decltype(zero);
    MessageCodec<T> codec(GetParam());
    const std::vector<T> x{0, -0.01f, 0.3f, 1, -1, 2.9f, -3.7f, 0.05f};
    Moments<T> decoded(x.size());
    for (std::uint64_t step = 0; step < 20000; ++step) {
      decoded.add(codec.code(x, {.seed = 4, .step = step}));
    }
    const double rounding = 16 * std::numeric_limits<T>::epsilon();
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_NEAR(decoded.mean(i), x[i], 5 * decoded.standard_error(i) + rounding) << i;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(All, Stochastic,
                         testing::Values("natural", "quantize(bits=1,rounding=stochastic)",
                                         "quantize(bits=4,rounding=stochastic)",
                                         "quantize(bits=8,rounding=stochastic,bucket=3)",
                                         "quantize(bits=2,range=qsgd)",
                                         "quantize(bits=4,range=qsgd,bucket=5)",
                                         "quantize(range=qsgd,bucket=5,coding=elias)",
                                         "topk(density=1)|natural",
                                         "topk(density=1)|quantize(bits=4,range=qsgd)"),
                         test_name);

}  // namespace
}  // namespace pith::test
