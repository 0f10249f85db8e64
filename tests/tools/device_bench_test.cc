// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "bench/device_codec.h"
#include "bench/exit_code.h"
#include "bench/options.h"

namespace pith::bench {
namespace {

// What the command writes of these compressors, over two sizes.
nlohmann::json measured(const std::vector<std::string>& compressors, const char* commit) {
  const auto file = std::filesystem::temp_directory_path() / "pith_device_bench_test.json";
  std::filesystem::remove(file);
  std::vector<std::string> words{"codec", "--device", "-b", "20K",         "-e",       "200K",
                                 "-f",    "10",       "-n", "1",           "-w",       "1",
                                 "-c",    "2",        "-J", file.string(), "--commit", commit};
  for (const std::string& compressor : compressors) {
    words.insert(words.end(), {"--compressor", compressor});
  }
  std::vector<const char*> arguments;
  for (const std::string& word : words) arguments.push_back(word.c_str());
  const auto options = parse_codec_options(static_cast<int>(arguments.size()), arguments.data());
  EXPECT_EQ(measure_on_device(options), kFine);
  auto json = nlohmann::json::parse(std::ifstream(file));
  std::filesystem::remove(file);
  return json;
}

TEST(DeviceCodecCommand, MeasuresAndChecksCodecs) {
  const auto json = measured({"onebit", "topk(density=0.01)", "lowrank(rank=2)"}, "inplace");
  EXPECT_FALSE(json["device"].get<std::string>().empty());
  ASSERT_EQ(json["results"].size(), 6u);
  for (const auto& result : json["results"]) {
    EXPECT_EQ(result["nwrong"], 0) << result;
    EXPECT_GT(result["encode_of_copy"], 0) << result;
    EXPECT_GT(result["decode_of_copy"], 0) << result;
    EXPECT_GT(result["graph_us"], 0) << result;
    EXPECT_GT(result["ratio"], 5) << result;
  }
}

// A graph writes where it wrote before, but states are swapped.
TEST(DeviceCodecCommand, HasNoGraphWithTwoStates) {
  const auto json = measured({"onebit"}, "step");
  EXPECT_TRUE(json["results"][0]["graph_us"].is_null());
  EXPECT_EQ(json["results"][0]["nwrong"], 0);
}

}  // namespace
}  // namespace pith::bench
