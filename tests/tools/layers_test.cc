// SPDX-License-Identifier: Apache-2.0
#include "bench/layers.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pith/core/error.h>

namespace pith::bench {
namespace {

using testing::HasSubstr;

std::string write(const std::string& text) {
  const auto path = std::filesystem::path(testing::TempDir()) / "layers.txt";
  std::ofstream(path) << text;
  return path.string();
}

TEST(ReadLayers, GivesNamesAndShapesInTheirOrder) {
  const auto layers = read_layers(write("# a model\n\nconv 8x3x5x5\nbias   8\nfc 10x8\n"));
  ASSERT_EQ(layers.size(), 3u);
  EXPECT_EQ(layers[0].name, "conv");
  EXPECT_EQ(layers[0].shape, (Shape{8, 3, 5, 5}));
  EXPECT_EQ(layers[1].name, "bias");
  EXPECT_EQ(layers[1].shape, Shape{8});
  EXPECT_EQ(layers[2].shape, (Shape{10, 8}));
}

TEST(ReadLayers, NamesTheLineThatItRefuses) {
  for (const char* line : {"conv", "conv 8x", "conv 8x3 x 5", "conv 0x3", " "}) {
    try {
      read_layers(write(std::string("fc 2x2\n") + line + "\n"));
      ADD_FAILURE() << line;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("layers.txt:2: ")) << line;
    }
  }
}

TEST(ReadLayers, RefusesAFileWithoutAny) {
  EXPECT_THROW(read_layers(write("# nothing\n")), UsageError);
  EXPECT_THROW(read_layers(testing::TempDir() + "no such file"), UsageError);
  EXPECT_THROW(read_layers(testing::TempDir()), UsageError);
}

}  // namespace
}  // namespace pith::bench
