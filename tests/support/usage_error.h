// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>

namespace pith::test {

/// What the UsageError says that `body` throws; empty if it throws none.
inline std::string usage_error(const std::function<void()>& body) {
  try {
    body();
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

/// What every one of so many ranks is told by a UsageError, which must be the same on all of them.
inline std::string usage_error_of(int ranks, const std::function<void(Communicator&)>& body) {
  std::vector<std::string> errors(static_cast<std::size_t>(ranks));
  run_local(ranks, [&](Communicator& communicator) {
    try {
      body(communicator);
    } catch (const UsageError& error) {
      errors[static_cast<std::size_t>(communicator.rank())] = error.what();
    }
  });
  EXPECT_THAT(errors, testing::Each(errors.front()));
  return errors.front();
}

}  // namespace pith::test
