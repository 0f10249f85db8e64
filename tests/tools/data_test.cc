// SPDX-License-Identifier: Apache-2.0
#include "bench/data.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <pith/core/error.h>

namespace pith::bench {
namespace {

constexpr std::size_t kCount = 10'000;

std::string write_floats(const std::string& name, const std::vector<float>& values) {
  const auto path = std::filesystem::path(testing::TempDir()) / name;
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(float)));
  return path.string();
}

TEST(Gradients, AreShiftedFromStepToStep) {
  const Gradients<float> gradients("gaussian", kCount, 0, 0);
  const auto first = gradients.step(0);
  const auto second = gradients.step(1);
  ASSERT_EQ(first.size(), kCount);
  ASSERT_EQ(second.size(), kCount);
  EXPECT_TRUE(std::ranges::equal(first.subspan(64), second.first(kCount - 64)));
  EXPECT_EQ(gradients.step(16).data(), first.data());
}

TEST(Gradients, DependOnSeedAndRankOnly) {
  const Gradients<float> gradients("gaussian", 100, 1, 2);
  EXPECT_TRUE(
      std::ranges::equal(gradients.step(0), Gradients<float>("gaussian", 100, 1, 2).step(0)));
  EXPECT_FALSE(
      std::ranges::equal(gradients.step(0), Gradients<float>("gaussian", 100, 1, 3).step(0)));
  EXPECT_FALSE(
      std::ranges::equal(gradients.step(0), Gradients<float>("gaussian", 100, 2, 2).step(0)));
}

TEST(Gradients, OfEveryKindAreWhatTheirNameSays) {
  const Gradients<double> gaussian("gaussian", kCount, 0, 0);
  double squares = 0;
  for (const double x : gaussian.step(0)) squares += x * x;
  EXPECT_NEAR(squares / kCount, 1, 0.1);

  EXPECT_TRUE(std::ranges::is_sorted(Gradients<float>("sorted", kCount, 0, 0).step(0)));

  const Gradients<float> periodic("periodic", kCount, 0, 0);
  EXPECT_EQ(periodic.step(0)[0], periodic.step(0)[4096]);
  EXPECT_NE(periodic.step(0)[0], periodic.step(0)[4095]);

  EXPECT_EQ(std::ranges::count(Gradients<float>("constant", kCount, 0, 0).step(3), 1.0f),
            static_cast<std::ptrdiff_t>(kCount));
  EXPECT_EQ(std::ranges::count(Gradients<float>("spike", kCount, 0, 0).step(3), 1e6f), 1);
  EXPECT_EQ(std::ranges::count(Gradients<float>("zeros", kCount, 0, 0).step(3), 0.0f),
            static_cast<std::ptrdiff_t>(kCount / 100 * 99));
}

TEST(Gradients, ComeFromAFileThatIsReadAgainFromItsStart) {
  const auto path = write_floats("three.f32", {1.0f, -2.0f, 0.5f});
  const Gradients<double> gradients(path, 7, 0, 0);
  EXPECT_TRUE(
      std::ranges::equal(gradients.step(0), std::vector<double>{1, -2, 0.5, 1, -2, 0.5, 1}));
}

TEST(Gradients, RefuseWhatTheyCannotRead) {
  const auto nan = write_floats("nan.f32", {1.0f, std::numeric_limits<float>::quiet_NaN()});
  const auto empty = write_floats("empty.f32", {});
  for (const std::string& kind : {nan, empty, std::string("gausian"), testing::TempDir()}) {
    EXPECT_THROW(Gradients<float>(kind, 7, 0, 0), UsageError) << kind;
  }
}

}  // namespace
}  // namespace pith::bench
