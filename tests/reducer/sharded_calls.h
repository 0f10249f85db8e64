// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <pith/reducer/sharded_calls.h>

// Both calls of a tensor "w" of floats.
namespace pith::test {

using Floats = std::vector<float>;

inline bool reduced(Communicator& communicator, const Floats& x, Floats& mine,
                    const char* compressor, const char* feedback = "ef14") {
  return reduce_scatter_mean(communicator, "w", std::span<const float>(x), std::span<float>(mine),
                             compressor, feedback);
}

inline bool gathered(Communicator& communicator, const Floats& mine, Floats& all,
                     const char* compressor, const char* feedback = "ef21") {
  return all_gather(communicator, "w", std::span<const float>(mine), std::span<float>(all),
                    compressor, feedback);
}

/// The values of a state.
inline Floats state(const std::vector<StateView<float>>& states, const std::string& name) {
  for (const auto& view : states) {
    if (view.name == name) return {view.values.begin(), view.values.end()};
  }
  ADD_FAILURE() << "no state " << name;
  return {};
}

}  // namespace pith::test
