// SPDX-License-Identifier: Apache-2.0
#include "fashion_mnist/replicas.h"

#include <string>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>

namespace fashion_mnist {
namespace {

// What check_replicas() says on each of three ranks, of which the last one has `last` in tensor b.
std::vector<std::string> errors(float last) {
  std::vector<std::string> found(3);
  pith::run_local(3, [&](pith::Communicator& world) {
    std::vector<float> a{1, 2};
    std::vector<float> b{world.rank() == 2 ? last : 0.0f};
    try {
      check_replicas({{"a", {2}, a, a}, {"b", {1}, b, b}}, world);
    } catch (const pith::Error& error) {
      found[static_cast<std::size_t>(world.rank())] = error.what();
    }
  });
  return found;
}

TEST(CheckReplicas, PassesWhatIsTheSameOnAllRanks) {
  EXPECT_THAT(errors(0.0f), ::testing::Each(""));
}

TEST(CheckReplicas, NamesTheTensorAndTheRankOnEveryRank) {
  EXPECT_THAT(errors(-0.0f), ::testing::Each("b differs between rank 0 and rank 2"));
}

}  // namespace
}  // namespace fashion_mnist
