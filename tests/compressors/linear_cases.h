// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <pith/compressors/acp.h>
#include <pith/compressors/arctopk.h>
#include <pith/compressors/cast_linear.h>
#include <pith/compressors/lowrank.h>
#include <pith/compressors/randomk.h>

#include "compressors/linear_ranks.h"

namespace pith::test {

/// A linear compressor on one shape.
template <Element T>
struct LinearCase {
  std::string name;
  Shape shape;
  typename LinearRanks<T>::Make make;
  bool contracts;  // ||C(x)|| <= ||x|| and ||C(x) - x|| <= ||x|| for every x

  /// Relative rounding of a sum of own parts, by what the factors travel as.
  double tolerance() const {
    switch (make()->factor_type()) {
      case ElementType::float16:
        return 0x1p-9;
      case ElementType::bfloat16:
        return 0x1p-6;
      default:
        return 200 * static_cast<double>(std::numeric_limits<T>::epsilon());
    }
  }
};

/// Every linear compressor that the shape admits.
template <Element T>
std::vector<LinearCase<T>> cases_of(const Shape& shape) {
  constexpr auto kHalf = ElementType::float16;
  std::vector<LinearCase<T>> cases;
  const auto add = [&](const char* text, auto make, bool contracts = true) {
    const Spec spec = parse_spec(text);
    cases.push_back({std::string(text) + " " + shape.text(), shape,
                     [=] { return make(spec, shape); }, contracts});
  };
  const auto randomk = [](const Spec& spec, const Shape& s) { return make_randomk<T>(spec, s); };
  const auto lowrank = [](const Spec& spec, const Shape& s) { return make_lowrank<T>(spec, s); };
  const auto arctopk = [](const Spec& spec, const Shape& s) { return make_arctopk<T>(spec, s); };
  const auto acp = [](const Spec& spec, const Shape& s) { return make_acp<T>(spec, s); };
  add("randomk(density=0.1)", randomk);
  add("randomk(k=3)", randomk);
  add("randomk(density=0.3,scale=unbiased)", randomk, false);
  add("randomk(density=0.5)",
      [](const Spec& spec, const Shape& s) { return make_randomk<T>(spec, s, kHalf); });
  add("arctopk(density=0.1)", arctopk);
  add("arctopk(density=0.3,block=1)", arctopk);
  add("arctopk(density=0.2,block=7,sketch=3)", arctopk);
  add("cast(fp16)", make_cast_linear<T>);
  add("cast(bf16)", make_cast_linear<T>);
  if (!shape.is_matrix()) return cases;
  add("lowrank(rank=1)", lowrank);
  add("lowrank(rank=4)", lowrank);
  add("lowrank(rank=4,warm=false)", lowrank);
  add("lowrank(rank=2)",
      [](const Spec& spec, const Shape& s) { return make_lowrank<T>(spec, s, kHalf); });
  add("acp(rank=1)", acp);
  add("acp(rank=4)", acp);
  add("acp(rank=2)", [](const Spec& spec, const Shape& s) { return make_acp<T>(spec, s, kHalf); });
  return cases;
}

/// A test that goes through all cases, on a few ranks.
template <class T>
class LinearTest : public testing::Test {
 protected:
  static constexpr std::size_t kRanks = 3;

  /// Calls check(case) for all compressors and shapes.
  template <class Check>
  static void for_each_case(const Check& check) {
    const std::vector<Shape> shapes = {
        {0},    {1},    {7},    {8},    {9},    {31},   {32},     {33},     {1000},   {65537},
        {0, 0}, {0, 5}, {5, 0}, {1, 1}, {1, 7}, {7, 1}, {33, 20}, {64, 64}, {257, 3}, {4, 3, 5, 2}};
    for (const Shape& shape : shapes) {
      for (const auto& one : cases_of<T>(shape)) {
        SCOPED_TRACE(one.name);
        check(one);
      }
    }
  }

  static std::vector<T> zeros(const LinearCase<T>& one) {
    return std::vector<T>(one.shape.elements());
  }

  static double squared_norm_of(const std::vector<T>& x) {
    return squared_distance(x, std::vector<T>(x.size()));
  }

  static void expect_near(const std::vector<T>& x, const std::vector<T>& y, double relative) {
    const double scale = std::sqrt(std::max(squared_norm_of(x), squared_norm_of(y)));
    EXPECT_LE(std::sqrt(squared_distance(x, y)), relative * scale);
  }
};

}  // namespace pith::test
