// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/core/shape.h>

namespace pith::test {
namespace {

void expect_view(const Shape& shape, std::size_t elements, std::size_t rows, std::size_t columns) {
  EXPECT_EQ(shape.elements(), elements) << shape.text();
  EXPECT_EQ(shape.rows(), rows) << shape.text();
  EXPECT_EQ(shape.columns(), columns) << shape.text();
}

TEST(Shape, TakesTheFirstExtentAsRowsAndTheRestAsColumns) {
  expect_view({784, 512}, 401'408, 784, 512);
  expect_view({64, 3, 5, 7}, 6720, 64, 105);
  expect_view(Shape::flat(10), 10, 10, 1);
}

TEST(Shape, OfNoExtentsIsAScalar) {
  expect_view({}, 1, 1, 1);
  EXPECT_EQ(Shape().dimensions(), 0u);
}

TEST(Shape, MayBeEmpty) {
  expect_view({0}, 0, 0, 0);
  expect_view({0, 5}, 0, 0, 0);
  expect_view({5, 0}, 0, 5, 0);
}

TEST(Shape, IsAMatrixFromTwoDimensionsOn) {
  EXPECT_FALSE(Shape().is_matrix());
  EXPECT_FALSE(Shape::flat(10).is_matrix());
  EXPECT_TRUE((Shape{2, 3}).is_matrix());
  EXPECT_TRUE((Shape{2, 3, 4}).is_matrix());
  EXPECT_EQ((Shape{2, 3, 4}).dimensions(), 3u);
}

TEST(Shape, WritesItsExtents) {
  EXPECT_EQ((Shape{784, 512}).text(), "784x512");
  EXPECT_EQ(Shape::flat(10).text(), "10");
  EXPECT_EQ(Shape().text(), "scalar");
}

TEST(Shape, ComparesExtentsAndNotElements) {
  EXPECT_EQ((Shape{2, 3}), Shape(std::vector<std::size_t>{2, 3}));
  EXPECT_NE((Shape{2, 3}), (Shape{3, 2}));
  EXPECT_NE((Shape{6}), (Shape{2, 3}));
}

}  // namespace
}  // namespace pith::test
