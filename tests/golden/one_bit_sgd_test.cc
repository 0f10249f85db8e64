// SPDX-License-Identifier: Apache-2.0
#include <span>
#include <string>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/reducer/reducer.h>

#include "golden/problems.h"

// E4: the two residuals of 1-bit SGD, before a rank sends and after an owner has summed. (E1 to E3,
// what a column is decoded to, are with the compressor.)
namespace pith::test {
namespace {

Vector state(Reducer& reducer, const std::string& name) {
  for (const auto& state : reducer.states<double>()) {
    if (state.name == "w/" + name) return {state.values.begin(), state.values.end()};
  }
  ADD_FAILURE() << "no state " << name;
  return {};
}

// Two columns of four rows, one for each of two ranks to own.
TEST(OneBitSgd, E4RanksAndOwnersKeepWhatTheyDidNotSend) {
  run_local(2, [](Communicator& communicator) {
    TensorRule rule{
        .compressor = "onebit(block=4,scale=sides)", .feedback = "ef14", .exchange = "sharded"};
    Reducer reducer(communicator, {.rules = {rule}});
    reducer.add("w", Shape{2, 4}, ElementType::float64);
    const bool first = communicator.rank() == 0;
    // What the others decode: (2, 2, 2, -2) and (2, 2, 2, 2); (-6, 4, 4, -6) and (0, 0, 0, 0).
    Vector gradient = first ? Vector{1, 2, 3, -2, 1, 3, 1, 3} : Vector{-4, 3, 5, -8, 0, 0, 0, 0};
    const Vector kept =
        first ? Vector{-1, 0, 1, 0, -1, 1, -1, 1} : Vector{2, -1, 1, -2, 0, 0, 0, 0};
    reducer.push("w", std::span(gradient));
    ASSERT_TRUE(reducer.wait().committed);
    EXPECT_EQ(state(reducer, "residual"), kept);
    // Of the means (-2, 3, 3, -4) and (1, 1, 1, 1) owners send -3, 3, 3, -3 and all of the second.
    EXPECT_EQ(gradient, (Vector{-3, 3, 3, -3, 1, 1, 1, 1}));
    EXPECT_EQ(state(reducer, "owner_residual"),
              first ? (Vector{1, 0, 0, -1}) : (Vector{0, 0, 0, 0}));
  });
}

}  // namespace
}  // namespace pith::test
