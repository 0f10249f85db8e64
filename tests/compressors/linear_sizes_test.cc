// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <pith/compressors/acp.h>
#include <pith/compressors/lowrank.h>

// Published sizes of two models' gradients under low-rank compression with 1-D tensors
// uncompressed.
namespace pith::test {
namespace {

struct Layer {
  std::size_t count;
  Shape shape;
};

using Layers = std::vector<Layer>;

// For 32 x 32 images and 10 classes. Per convolution one weight and one bias per output channel.
const Layers kResNet18 = {
    {1, {64, 3, 3, 3}},
    {4, {64, 64, 3, 3}},
    {1, {128, 64, 3, 3}},
    {3, {128, 128, 3, 3}},
    {1, {128, 64, 1, 1}},
    {1, {256, 128, 3, 3}},
    {3, {256, 256, 3, 3}},
    {1, {256, 128, 1, 1}},
    {1, {512, 256, 3, 3}},
    {3, {512, 512, 3, 3}},
    {1, {512, 256, 1, 1}},
    {1, {10, 512}},
    {10, {64}},
    {10, {128}},
    {10, {256}},
    {10, {512}},
    {1, {10}},
};

// 28,869 words, three layers of 650, the decoder's matrix tied to the encoder's.
const Layers kLstm = {{1, {28869, 650}}, {6, {2600, 650}}, {6, {2600}}, {1, {28869}}};

std::size_t parameters(const Layers& layers) {
  std::size_t sum = 0;
  for (const auto& [count, shape] : layers) sum += count * shape.elements();
  return sum;
}

std::size_t bytes(const Layers& layers, std::size_t rank) {
  std::size_t elements = 0;
  for (const auto& [count, shape] : layers) {
    if (!shape.is_matrix()) {
      elements += count * shape.elements();
      continue;
    }
    const LowRank<float> lowrank(shape, rank);
    elements += count * (lowrank.factor_elements(0) + lowrank.factor_elements(1));
  }
  return sizeof(float) * elements;
}

double ratio(const Layers& layers, std::size_t rank) {
  const auto dense = static_cast<double>(sizeof(float) * parameters(layers));
  return std::round(10 * dense / static_cast<double>(bytes(layers, rank))) / 10;
}

TEST(PowerSgd, E5SizesAreThoseOfResNet18) {
  EXPECT_EQ(parameters(kResNet18), 11'173'962u);
  EXPECT_EQ(bytes(kResNet18, 1), 183'740u);
  EXPECT_EQ(bytes(kResNet18, 2), 329'040u);
  EXPECT_EQ(bytes(kResNet18, 4), 619'640u);
  EXPECT_EQ(ratio(kResNet18, 1), 243.3);
  EXPECT_EQ(ratio(kResNet18, 2), 135.8);
  EXPECT_EQ(ratio(kResNet18, 4), 72.1);
}

TEST(PowerSgd, E5SizesAreThoseOfTheLstm) {
  EXPECT_EQ(ratio(kLstm, 1), 309.7);
  EXPECT_EQ(ratio(kLstm, 2), 203.1);
  EXPECT_EQ(ratio(kLstm, 4), 120.3);
}

TEST(PowerSgd, E5SizesAreRTimesRowsPlusColumns) {
  const LowRank<double> lowrank(Shape{4, 3, 5, 2}, 3);
  EXPECT_EQ(lowrank.rounds(), 2);
  EXPECT_EQ(lowrank.factor_elements(0), 3u * 4);
  EXPECT_EQ(lowrank.factor_elements(1), 3u * 30);
  const LowRank<float> narrow(Shape{257, 3}, 8);
  EXPECT_EQ(narrow.factor_elements(0) + narrow.factor_elements(1), 3u * 260);
}

// In two steps what lowrank sends in one.
TEST(PowerSgd, E8SizesOfAcpAlternateBetweenRTimesRowsAndColumns) {
  Acp<double> acp(Shape{4, 3, 5, 2}, 3);
  EXPECT_EQ(acp.rounds(), 1);
  for (const std::size_t elements : {3u * 4, 3u * 30, 3u * 4}) {
    EXPECT_EQ(acp.factor_elements(0), elements);
    acp.accept();
  }
}

}  // namespace
}  // namespace pith::test
