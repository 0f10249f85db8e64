// SPDX-License-Identifier: Apache-2.0
#include "bench/table.h"

#include <sstream>

#include <gtest/gtest.h>

namespace pith::bench {
namespace {

TEST(Table, AlignsCellsUnderTheirNames) {
  std::ostringstream out;
  Table table(out, {{"size", "(B)", 6}, {"compressor", "", 4}});
  table.header();
  table.row({"64", "onebit"});
  table.comment("end");
  EXPECT_EQ(out.str(),
            "#    size  compressor\n"
            "#     (B)            \n"
            "       64      onebit\n"
            "# end\n");
}

TEST(Fixed, RoundsToSoManyDigits) {
  EXPECT_EQ(fixed(12.345, 2), "12.35");
  EXPECT_EQ(fixed(7, 0), "7");
  EXPECT_EQ(scientific(0.9123), "9.1e-01");
}

}  // namespace
}  // namespace pith::bench
