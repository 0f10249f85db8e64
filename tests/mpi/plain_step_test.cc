// SPDX-License-Identifier: Apache-2.0
// Steps in which nothing is compressed, over MPI with and without shared memory.
#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>

#include <pith/mpi/communicator.h>
#include <pith/reducer/reducer.h>

#include "core/variable.h"

namespace pith::test {
namespace {

constexpr std::size_t kSizes[] = {300'000, 7, 20, 262'144, 1};  // floats: averaged alone, or joined

struct Model {
  explicit Model(Communicator& communicator) : reducer(communicator, {.feedback = "none"}) {
    for (const std::size_t n : kSizes) {
      reducer.add("w" + std::to_string(gradients.size()), {n, 1});
      gradients.emplace_back(n);
    }
  }

  void fill(int rank, int step) {
    for (std::size_t t = 0; t < gradients.size(); ++t) {
      for (std::size_t i = 0; i < gradients[t].size(); ++i) {
        gradients[t][i] = static_cast<float>(
            std::sin(static_cast<double>(i) + 0.7 * static_cast<double>(t) + rank + 3 * step));
      }
    }
  }

  StepResult step(bool overlaps) {
    if (overlaps) reducer.begin();
    for (std::size_t t = gradients.size(); t-- > 0;) {
      reducer.push("w" + std::to_string(t), std::span(gradients[t]));
    }
    return reducer.wait();
  }

  Reducer reducer;
  std::vector<std::vector<float>> gradients;
};

class MpiPlainStep : public testing::TestWithParam<const char*> {
 protected:
  const Variable memory_{"PITH_SHARED_MEMORY", GetParam()};
  mpi::Communicator communicator_{MPI_COMM_WORLD};
};

// In place, from copies while the trainer goes on, and where only one rank does that.
TEST_P(MpiPlainStep, HasTheSameBitsHoweverItGoes) {
  Model in_place(communicator_);
  Model overlapped(communicator_);
  Model mixed(communicator_);
  for (int step = 0; step < 3; ++step) {
    for (Model* model : {&in_place, &overlapped, &mixed}) {
      model->fill(communicator_.rank(), step);
      ASSERT_TRUE(
          model->step(model == &overlapped || (model == &mixed && communicator_.rank() == 0))
              .committed);
    }
    EXPECT_EQ(in_place.gradients, overlapped.gradients) << step;
    EXPECT_EQ(in_place.gradients, mixed.gradients) << step;
  }
}

// Of whatever size the tensor is in which it is: all ranks know, and go on together.
TEST_P(MpiPlainStep, TellsEveryRankOfANanOfOne) {
  Model model(communicator_);
  for (std::size_t t = 0; t < model.gradients.size(); ++t) {
    model.fill(communicator_.rank(), 0);
    const bool mine = communicator_.rank() + 1 == communicator_.size();
    if (mine) model.gradients[t].back() = std::numeric_limits<float>::quiet_NaN();
    const StepResult result = model.step(false);
    EXPECT_FALSE(result.committed) << t;
    EXPECT_THAT(result.reason, testing::HasSubstr("w" + std::to_string(t) + ": element"));
    model.fill(communicator_.rank(), 1);
    EXPECT_TRUE(model.step(false).committed) << t;
  }
}

INSTANTIATE_TEST_SUITE_P(All, MpiPlainStep, testing::Values("on", "off"));

}  // namespace
}  // namespace pith::test
