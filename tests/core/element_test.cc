// SPDX-License-Identifier: Apache-2.0
#include <type_traits>

#include <gtest/gtest.h>

#include <pith/core/element.h>
#include <pith/core/error.h>
#include <pith/core/state.h>

namespace pith::test {
namespace {

template <class T>
constexpr bool is_element = Element<T>;
static_assert(is_element<float> && is_element<double>);
static_assert(!is_element<int> && !is_element<long double> && !is_element<const float>);

template <class E>
constexpr bool is_error = std::is_base_of_v<Error, E>;
static_assert(std::is_base_of_v<std::runtime_error, Error>);
static_assert(is_error<UsageError> && is_error<WireError> && is_error<TransportError>);

TEST(ElementType, HasSizeAndName) {
  EXPECT_EQ(size_of(ElementType::float32), 4u);
  EXPECT_EQ(size_of(ElementType::float64), 8u);
  EXPECT_EQ(size_of(ElementType::float16), 2u);
  EXPECT_EQ(size_of(ElementType::bfloat16), 2u);
  EXPECT_EQ(name_of(ElementType::float32), "float32");
  EXPECT_EQ(name_of(ElementType::float64), "float64");
  EXPECT_EQ(name_of(ElementType::float16), "float16");
  EXPECT_EQ(name_of(ElementType::bfloat16), "bfloat16");
}

// It stands in registrations and on the wire.
TEST(ElementType, KeepsItsNumbers) {
  EXPECT_EQ(static_cast<int>(element_type<float>), 0);
  EXPECT_EQ(static_cast<int>(element_type<double>), 1);
  EXPECT_EQ(static_cast<int>(ElementType::float16), 2);
  EXPECT_EQ(static_cast<int>(ElementType::bfloat16), 3);
}

TEST(StateView, IsPerRankAndPerElementByDefault) {
  const StateView<float> state;
  EXPECT_EQ(state.scope, Scope::per_rank);
  EXPECT_TRUE(state.per_element);
  EXPECT_EQ(state.first, 0u);
}

TEST(Error, KeepsItsText) {
  EXPECT_STREQ(UsageError("usage").what(), "usage");
  EXPECT_STREQ(WireError("wire").what(), "wire");
  EXPECT_STREQ(TransportError("transport").what(), "transport");
}

}  // namespace
}  // namespace pith::test
