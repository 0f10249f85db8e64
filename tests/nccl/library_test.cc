// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <pith/nccl/library.cuh>

#include "support/usage_error.h"

namespace pith::test {
namespace {

TEST(NcclLibrary, ThatIsMissingIsNamed) {
  EXPECT_THAT(usage_error([] { nccl::load("libno_such_nccl.so.2"); }),
              testing::StartsWith("NCCL: libno_such_nccl.so.2 cannot be loaded: "));
}

TEST(NcclLibrary, ThatIsAnotherIsNamedWithWhatItLacks) {
  EXPECT_EQ(usage_error([] { nccl::load("libm.so.6"); }), "NCCL: libm.so.6 has no ncclGetVersion");
}

// Where NCCL is installed; it needs no GPU to say its version.
TEST(NcclLibrary, HasEveryFunctionOfItsTable) {
  const std::string error = usage_error([] { EXPECT_TRUE(nccl::real().group_start); });
  if (error.starts_with("NCCL: libnccl.so.2 cannot be loaded: ")) GTEST_SKIP() << error;
  EXPECT_EQ(error, "");
}

}  // namespace
}  // namespace pith::test
