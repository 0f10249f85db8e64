// SPDX-License-Identifier: Apache-2.0
#include "fashion_mnist/flat.h"

#include <gmock/gmock.h>

namespace fashion_mnist {
namespace {

using ::testing::ElementsAre;

class Flat : public ::testing::Test {
 protected:
  std::vector<float> values_{1, 2, 3};
  std::vector<float> gradients_{10, 20, 30};
  std::vector<Parameter> parameters_{
      {"a", {2}, std::span(values_).first(2), std::span(gradients_).first(2)},
      {"b", {1}, std::span(values_).last(1), std::span(gradients_).last(1)}};
};

TEST_F(Flat, HoldsOneTensorAfterTheOther) {
  std::vector<float> flat(3);
  copy_values(parameters_, flat);
  EXPECT_THAT(flat, ElementsAre(1, 2, 3));
  copy_gradients(parameters_, flat);
  EXPECT_THAT(flat, ElementsAre(10, 20, 30));
}

TEST_F(Flat, GivesEveryTensorItsValues) {
  set_values(std::vector<float>{7, 8, 9}, parameters_);
  EXPECT_THAT(parameters_[0].values, ElementsAre(7, 8));
  EXPECT_THAT(parameters_[1].values, ElementsAre(9));
  EXPECT_THAT(parameters_[1].gradient, ElementsAre(30));
}

}  // namespace
}  // namespace fashion_mnist
