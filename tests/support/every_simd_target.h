// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <pith/core/simd.h>

namespace pith::test {

/// Calls body() on every instruction set that this machine has.
template <class Body>
void on_every_simd_target(Body body) {
  ASSERT_FALSE(simd_targets().empty());
  for (const SimdTarget& target : simd_targets()) {
    SCOPED_TRACE(target.name);
    const SimdTargetGuard guard(target);
    body();
  }
}

}  // namespace pith::test
