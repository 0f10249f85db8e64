// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>

namespace pith::test {

/// The UsageError that every rank of three is told, which must be the same on all of them.
inline std::string error_of(const std::function<void(Communicator&)>& body) {
  std::vector<std::string> errors(3);
  run_local(3, [&](Communicator& communicator) {
    try {
      body(communicator);
    } catch (const UsageError& error) {
      errors[static_cast<std::size_t>(communicator.rank())] = error.what();
    }
  });
  EXPECT_EQ(errors[0], errors[1]);
  EXPECT_EQ(errors[0], errors[2]);
  return errors[0];
}

}  // namespace pith::test
