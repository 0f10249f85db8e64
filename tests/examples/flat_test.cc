// SPDX-License-Identifier: Apache-2.0
#include "fashion_mnist/flat.h"

#include <gmock/gmock.h>

namespace fashion_mnist {
namespace {

using ::testing::ElementsAre;

std::vector<Parameter> two_parameters() {
  return {{"a", {2}, {1, 2}, {10, 20}}, {"b", {1}, {3}, {30}}};
}

TEST(Flat, HoldsOneTensorAfterTheOther) {
  const auto parameters = two_parameters();
  std::vector<float> flat(3);
  copy_values(parameters, flat);
  EXPECT_THAT(flat, ElementsAre(1, 2, 3));
  copy_gradients(parameters, flat);
  EXPECT_THAT(flat, ElementsAre(10, 20, 30));
}

TEST(Flat, GivesEveryTensorItsValues) {
  auto parameters = two_parameters();
  set_values(std::vector<float>{7, 8, 9}, parameters);
  EXPECT_THAT(parameters[0].values, ElementsAre(7, 8));
  EXPECT_THAT(parameters[1].values, ElementsAre(9));
  EXPECT_THAT(parameters[1].gradient, ElementsAre(30));
}

}  // namespace
}  // namespace fashion_mnist
