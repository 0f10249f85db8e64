// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pith/core/environment.h>
#include <pith/core/error.h>
#include <pith/core/log.h>

#include "variable.h"

namespace pith::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::Eq;
using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

/// A file that PITH_CONFIG names, until the end of the scope.
class ConfigFile {
 public:
  explicit ConfigFile(const std::string& text)
      : path_(testing::TempDir() + "pith_" + std::to_string(getpid()) + ".conf"),
        variable_("PITH_CONFIG", path_.c_str()) {
    std::ofstream(path_) << text;
  }
  ~ConfigFile() { std::filesystem::remove(path_); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  Variable variable_;
};

/// Every variable of the library unset.
class Environment : public testing::Test {
 private:
  Variable seed_{"PITH_SEED", nullptr};
  Variable compressor_{"PITH_COMPRESSOR", nullptr};
  Variable min_bytes_{"PITH_MIN_BYTES", nullptr};
  Variable config_{"PITH_CONFIG", nullptr};
};

TEST_F(Environment, GivesTheValueOfAVariable) {
  EXPECT_EQ(environment("PITH_COMPRESSOR"), std::nullopt);
  const Variable variable("PITH_COMPRESSOR", "topk(density=0.01)");
  EXPECT_EQ(environment("PITH_COMPRESSOR"), "topk(density=0.01)");
}

TEST_F(Environment, TakesAnEmptyValueAsNone) {
  const Variable variable("PITH_SEED", "");
  EXPECT_EQ(environment("PITH_SEED"), std::nullopt);
  EXPECT_EQ(environment_integer("PITH_SEED", 0, 9), std::nullopt);
  const ConfigFile file("PITH_SEED=5\nPITH_MIN_BYTES=\n");
  EXPECT_EQ(environment("PITH_SEED"), "5");
  EXPECT_EQ(environment("PITH_MIN_BYTES"), std::nullopt);
}

TEST_F(Environment, ReadsTheFileThatPithConfigNames) {
  const ConfigFile file(
      "# the run of today\n"
      "\n"
      "PITH_COMPRESSOR = topk(density=0.01)@58,topk(density=0.001)  # as published\r\n"
      "\tPITH_SEED=7");
  EXPECT_EQ(environment("PITH_COMPRESSOR"), "topk(density=0.01)@58,topk(density=0.001)");
  EXPECT_EQ(environment("PITH_SEED"), "7");
  EXPECT_EQ(environment("PITH_MIN_BYTES"), std::nullopt);
}

TEST_F(Environment, BeatsTheFile) {
  const ConfigFile file("PITH_SEED=7\n");
  const Variable variable("PITH_SEED", "8");
  EXPECT_EQ(environment("PITH_SEED"), "8");
}

TEST_F(Environment, RefusesABadFileWithFileAndLine) {
  const auto expect = [](const std::string& text, const std::string& problem) {
    const ConfigFile file(text);
    EXPECT_THAT([] { environment("PITH_SEED"); },
                ThrowsMessage<UsageError>(Eq("PITH_CONFIG: " + file.path() + ":" + problem)));
  };
  expect("PITH_SEED=7\nPITH_SEED 8\n", "2: expected NAME=value, not \"PITH_SEED 8\"");
  expect("PITH_SEED=7\n\nPITH_SEED=8\n", "3: PITH_SEED is set twice");
  expect("PITH_CONFIG=other.conf\n", "1: a file cannot name another one");
  const ConfigFile misspelt("PITH_SED=7\n");
  EXPECT_THAT([] { environment("PITH_SEED"); },
              ThrowsMessage<UsageError>(AllOf(StartsWith("PITH_CONFIG: " + misspelt.path() +
                                                         ":1: unknown variable \"PITH_SED\""),
                                              HasSubstr("did you mean \"PITH_SEED\"?"))));
}

TEST_F(Environment, RefusesAFileThatCannotBeRead) {
  for (const char* path : {"/nowhere/pith.conf", "/"}) {
    const Variable variable("PITH_CONFIG", path);
    EXPECT_THAT([] { environment("PITH_SEED"); },
                ThrowsMessage<UsageError>(
                    StartsWith(std::string("PITH_CONFIG: cannot read \"") + path + "\": ")));
  }
}

TEST_F(Environment, RefusesANameThatIsNotKnown) {
  EXPECT_THAT([] { environment("PITH_SPEED"); },
              ThrowsMessage<UsageError>(
                  StartsWith("environment: unknown variable \"PITH_SPEED\": did you mean")));
}

TEST_F(Environment, LogsWhatItFindsAndWhere) {
  std::vector<std::string> lines;
  set_log_level(LogLevel::info);
  set_log_sink([&](LogLevel level, std::string_view subsystem, std::string_view message) {
    EXPECT_EQ(level, LogLevel::info);
    EXPECT_EQ(subsystem, "CONFIG");
    lines.emplace_back(message);
  });
  const ConfigFile file("PITH_SEED=7\n");
  const Variable variable("PITH_MIN_BYTES", "10");
  const Variable level("PITH_DEBUG", "INFO");
  for (const char* name : {"PITH_SEED", "PITH_MIN_BYTES", "PITH_COMPRESSOR", "PITH_DEBUG"}) {
    environment(name);
  }
  set_log_sink({});
  set_log_level(LogLevel::warn);
  EXPECT_THAT(lines, ElementsAre("PITH_SEED=7 from " + file.path(),
                                 "PITH_MIN_BYTES=10 from the environment"));
}

TEST_F(Environment, ReadsWholeNumbersInARange) {
  for (const auto& [text, number] : {std::pair("0", 0u), std::pair("4096", 4096u)}) {
    const Variable variable("PITH_MIN_BYTES", text);
    EXPECT_EQ(environment_integer("PITH_MIN_BYTES", 0, 4096), number);
  }
  for (const std::string bad : {"4097", "-1", "1.5", "4k", "0x10", "99999999999999999999", " 1"}) {
    const Variable variable("PITH_MIN_BYTES", bad.c_str());
    EXPECT_THAT(
        [] { environment_integer("PITH_MIN_BYTES", 0, 4096); },
        ThrowsMessage<UsageError>(Eq("PITH_MIN_BYTES must be a whole number from 0 to 4096, "
                                     "not \"" +
                                     bad + "\"")));
  }
}

TEST_F(Environment, ReportsUnknownNamesWithTheNearestOne) {
  const Variable known("PITH_SEED", "1");
  const Variable foreign("PATH_TO_PITH_", "1");
  EXPECT_THAT(unknown_environment(), testing::IsEmpty());
  const Variable misspelt("PITH_COMPRESOR", "topk");
  const Variable strange("PITH_XYZ", "1");
  EXPECT_THAT(
      unknown_environment(),
      testing::UnorderedElementsAre(
          StartsWith("unknown variable \"PITH_COMPRESOR\": did you mean \"PITH_COMPRESSOR\"?"),
          StartsWith("unknown variable \"PITH_XYZ\". Known: ")));
}

TEST_F(Environment, KnowsItsNames) {
  EXPECT_EQ(known_environment().size(), 18u);
  for (const std::string& name : known_environment()) EXPECT_NO_THROW(environment(name)) << name;
}

constexpr int kNotSecure = 77;

// The test starts a copy of its program that belongs to another user and takes that one's rights.
TEST_F(Environment, IsNotReadWithAnotherUsersRights) {
  if (std::getenv("COPY_WITH_ANOTHER_USERS_RIGHTS") != nullptr) {
    if (getauxval(AT_SECURE) == 0) std::_Exit(kNotSecure);
    setenv("PITH_SEED", "7", 1);
    EXPECT_EQ(environment("PITH_SEED"), std::nullopt);
    setenv("PITH_XYZ", "1", 1);
    EXPECT_TRUE(unknown_environment().empty());
    std::_Exit(HasFailure() ? 1 : 0);  // a leak check cannot run with these rights
  }
  const std::string copy = testing::TempDir() + "pith_copy_" + std::to_string(getpid());
  std::filesystem::copy_file("/proc/self/exe", copy);
  const bool owned = chown(copy.c_str(), 65534, 65534) == 0 && chmod(copy.c_str(), 04755) == 0;
  const std::string command =
      "COPY_WITH_ANOTHER_USERS_RIGHTS=1 " + copy +
      " --gtest_filter=Environment.IsNotReadWithAnotherUsersRights --gtest_brief=1";
  const int status = owned ? WEXITSTATUS(std::system(command.c_str())) : kNotSecure;
  std::filesystem::remove(copy);
  // From 126 on, the shell could not start it: the other user may not read its libraries.
  if (status == kNotSecure || status >= 126) GTEST_SKIP() << "needs root and set-user-id";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace pith::test
