// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <gtest/gtest.h>

#include <pith/cuda/stream.h>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (pith::cuda::devices() == 0) {
    std::puts("skipped: no GPU is found");
    return 0;
  }
  return RUN_ALL_TESTS();
}
