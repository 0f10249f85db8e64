// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/collectives/all_reduce_16bit.h>
#include <pith/comm/local.h>

#include "support/exchange/trajectory.h"

namespace pith::test {
namespace {

// Runs on four ranks and hands each rank's result to `check`.
template <Element T>
void average(ElementType type, const std::function<T(int rank, std::size_t i)>& value,
             std::size_t n, const std::function<void(std::span<const T>)>& check) {
  run_local(4, [&](Communicator& communicator) {
    Scratch scratch;
    Round round{communicator, scratch};
    std::vector<T> x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = value(communicator.rank(), i);
    all_reduce_mean_16bit(std::span<T>(x), type, T(4), round);
    EXPECT_TRUE(same_on_all_ranks(communicator, std::span<const T>(x)));
    check(x);
  });
}

TEST(AllReduceMean16Bit, IsExactForSmallIntegers) {
  for (const ElementType type : {ElementType::float16, ElementType::bfloat16}) {
    average<float>(
        type, [](int rank, std::size_t i) { return static_cast<float>(4 * rank) + float(i % 8); },
        101,
        [](std::span<const float> mean) {
          for (std::size_t i = 0; i < mean.size(); ++i) EXPECT_EQ(mean[i], 6 + float(i % 8));
        });
  }
}

// 2048 + 1 has no float16: summed in 16 bit, the ones would be lost one by one.
TEST(AllReduceMean16Bit, SumsInFullPrecision) {
  average<float>(
      ElementType::float16, [](int rank, std::size_t) { return rank == 0 ? 2048.0f : 1.0f; }, 5,
      [](std::span<const float> mean) { EXPECT_EQ(mean[0], 513.0f); });  // 2051 / 4 rounded
}

// Four times the largest float16 overflows as a sum but not as a mean.
TEST(AllReduceMean16Bit, DividesBeforeItRounds) {
  average<double>(
      ElementType::float16, [](int, std::size_t) { return 65504.0; }, 3,
      [](std::span<const double> mean) { EXPECT_EQ(mean[2], 65504.0); });
}

TEST(AllReduceMean16Bit, SendsTwoBytesPerElementAndPhase) {
  run_local(4, [](Communicator& communicator) {
    Scratch scratch;
    Round round{communicator, scratch};
    std::vector<float> x(100);
    all_reduce_mean_16bit(std::span(x), ElementType::bfloat16, 4.0f, round);
    EXPECT_EQ(communicator.wire_bytes(), 2u * 75u + 2u * 3u * 25u);
  });
}

}  // namespace
}  // namespace pith::test
