// SPDX-License-Identifier: Apache-2.0
#include "bench/new_file.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include <pith/core/error.h>

namespace pith::bench {
namespace {

class NewFileTest : public testing::Test {
 protected:
  NewFileTest() { std::filesystem::create_directories(folder_); }
  ~NewFileTest() override { std::filesystem::remove_all(folder_); }

  std::string name() const { return (folder_ / "out.json").string(); }

  static std::string content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::filesystem::path folder_ = std::filesystem::path(testing::TempDir()) / "pith_new_file";
};

TEST_F(NewFileTest, TakesTheFirstFreeName) {
  for (const char* suffix : {"", ".0", ".1", ".2"}) {
    NewFile file(name());
    EXPECT_EQ(file.path(), name() + suffix);
    file.write(suffix);
  }
  for (const std::string suffix : {"", ".0", ".1", ".2"}) {
    EXPECT_EQ(content(name() + suffix), suffix + "\n");
  }
}

TEST_F(NewFileTest, LeavesNothingBehindIfNothingIsWritten) {
  {
    const NewFile file(name());
    EXPECT_TRUE(std::filesystem::exists(name()));
  }
  EXPECT_FALSE(std::filesystem::exists(name()));
}

TEST_F(NewFileTest, RefusesAFolderThatDoesNotExist) {
  EXPECT_THROW(NewFile(name() + "/no/such"), UsageError);
}

}  // namespace
}  // namespace pith::bench
