// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include <pith/compressors/registry.h>
#include <pith/core/vector.h>

#include "compressors/linear_ranks.h"

// Error feedback on a constant matrix M, T steps: the sum of what is received is T M - e_T, so its
// mean errs by e_T / T, and the residual e must stop growing.
namespace pith::test {
namespace {

struct Plateau {
  const char* spec;
  Shape shape;
  double bound;  // of the relative error of the mean output after 200 steps
};

double norm_of(const std::vector<double>& x) { return std::sqrt(squared_norm<double>(x)); }

class ErrorFeedbackPlateau : public testing::TestWithParam<Plateau> {
 protected:
  LinearRanks<double> ranks_{
      [] { return make_linear<double>(parse_pipeline(GetParam().spec), GetParam().shape); }, 1};
};

TEST_P(ErrorFeedbackPlateau, E4MeanOutputApproachesAConstantMatrix) {
  const auto m = gaussian<double>(GetParam().shape.elements(), 2);
  std::vector<double> residual(m.size()), mean(m.size());
  double halfway = 0;
  for (std::uint64_t step = 0; step < 200; ++step) {
    axpy<double>(1, m, residual);
    ranks_.step({residual}, {.step = step});
    ranks_[0].own().axpy(-1, 0, residual);
    ranks_[0].reconstruction().axpy(1 / 200.0, 0, mean);
    ranks_.accept();
    if (step == 99) halfway = norm_of(residual);
  }
  EXPECT_LT(std::sqrt(squared_distance(mean, m)), GetParam().bound * norm_of(m));
  EXPECT_LT(norm_of(residual), 1.3 * halfway);
  EXPECT_NEAR(std::sqrt(squared_distance(mean, m)), norm_of(residual) / 200, 1e-12 * norm_of(m));
}

INSTANTIATE_TEST_SUITE_P(Linear, ErrorFeedbackPlateau,
                         testing::Values(Plateau{"lowrank(rank=2)", {16, 8}, 0.025},
                                         Plateau{"lowrank(rank=1)", {32, 16}, 0.08},
                                         Plateau{"lowrank(rank=4)", {32, 16}, 0.03},
                                         Plateau{"acp(rank=2)", {16, 8}, 0.025},
                                         Plateau{"acp(rank=1)", {32, 16}, 0.11},
                                         Plateau{"acp(rank=4)", {32, 16}, 0.03},
                                         Plateau{"arctopk(density=0.1,block=1)", {32, 16}, 0.08},
                                         Plateau{"arctopk(density=0.1,block=8)", {32, 16}, 0.08}));

}  // namespace
}  // namespace pith::test
