// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <pith/core/log.h>

#include "variable.h"

namespace pith::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Keeps the lines that are logged while it lives, and restores sink and level at its end.
class Lines {
 public:
  Lines()
      : before_(set_log_sink(
            [this](LogLevel level, std::string_view subsystem, std::string_view message) {
              lines_.push_back(std::to_string(static_cast<int>(level)) + " " +
                               std::string(subsystem) + " " + std::string(message));
            })) {}
  ~Lines() {
    set_log_sink(before_);
    set_log_level(LogLevel::warn);
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

  const std::vector<std::string>& operator*() const { return lines_; }

 private:
  std::vector<std::string> lines_;
  LogSink before_;
};

/// Sends stderr into a socket that keeps the borders between writes.
class Stderr {
 public:
  Stderr() : before_(dup(STDERR_FILENO)) {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends_), 0);
    dup2(ends_[0], STDERR_FILENO);
  }
  ~Stderr() {
    dup2(before_, STDERR_FILENO);
    for (const int descriptor : {before_, ends_[0], ends_[1]}) close(descriptor);
  }
  Stderr(const Stderr&) = delete;
  Stderr& operator=(const Stderr&) = delete;

  /// What each write since the last call wrote.
  std::vector<std::string> writes() {
    std::vector<std::string> all;
    char buffer[4096];
    ssize_t length = 0;
    while ((length = recv(ends_[1], buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
      all.emplace_back(buffer, static_cast<std::size_t>(length));
    }
    return all;
  }

 private:
  int before_;
  int ends_[2] = {-1, -1};
};

void log_at_every_level() {
  log(LogLevel::none, "INIT", "none");
  log(LogLevel::warn, "COMM", "warn");
  log(LogLevel::info, "COMP", "info");
  log(LogLevel::trace, "EF", "trace");
}

TEST(Log, WritesOneLinePerWriteToStderr) {
  Stderr captured;
  set_log_level(LogLevel::trace);
  log_at_every_level();
  set_log_level(LogLevel::warn);
  EXPECT_THAT(captured.writes(), ElementsAre("pith WARN [COMM] warn\n", "pith INFO [COMP] info\n",
                                             "pith TRACE [EF] trace\n"));
}

TEST(Log, LetsThroughWhatTheLevelAllows) {
  const Lines lines;
  set_log_level(LogLevel::info);
  log_at_every_level();
  EXPECT_THAT(*lines, ElementsAre("1 COMM warn", "2 COMP info"));
  set_log_level(LogLevel::warn);
  log_at_every_level();
  EXPECT_THAT(*lines, ElementsAre("1 COMM warn", "2 COMP info", "1 COMM warn"));
}

TEST(Log, IsSilentAtLevelNone) {
  const Lines lines;
  set_log_level(LogLevel::none);
  log_at_every_level();
  EXPECT_THAT(*lines, IsEmpty());
}

TEST(LogSink, ReplacesStderrUntilItIsEmptyAgain) {
  Stderr captured;
  int calls = 0;
  LogSink empty = set_log_sink([&](LogLevel, std::string_view, std::string_view) { ++calls; });
  EXPECT_FALSE(empty);
  log(LogLevel::warn, "INIT", "to the sink");
  EXPECT_TRUE(captured.writes().empty());
  const LogSink counting = set_log_sink({});
  log(LogLevel::warn, "INIT", "to stderr");
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(captured.writes(), ElementsAre("pith WARN [INIT] to stderr\n"));
  counting(LogLevel::warn, "INIT", "");
  EXPECT_EQ(calls, 2);  // the one before came back
}

TEST(LogSink, IsCalledByOneThreadAtATime) {
  std::atomic<int> inside{0};
  int lines = 0;  // guarded by that promise
  set_log_sink([&](LogLevel, std::string_view, std::string_view) {
    EXPECT_EQ(++inside, 1);
    ++lines;
    std::this_thread::yield();
    --inside;
  });
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < 4; ++rank) {
    ranks.emplace_back([] {
      for (int i = 0; i < 1000; ++i) log(LogLevel::warn, "COMM", "line");
    });
  }
  for (auto& rank : ranks) rank.join();
  set_log_sink({});
  EXPECT_EQ(lines, 4000);
}

/// PITH_DEBUG is read once per program, so each case runs in a program of its own.
class LogLevelOfTheEnvironment : public testing::Test {
 protected:
  LogLevelOfTheEnvironment() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }

  static void log_and_exit(const char* level) {
    const Variable variable("PITH_DEBUG", level);
    const Variable no_file("PITH_CONFIG", nullptr);
    log_at_every_level();
    setenv("PITH_DEBUG", "TRACE", 1);  // too late
    log(LogLevel::trace, "EF", "late");
    std::exit(0);
  }

  static void expect_stderr(const char* level, const std::string& all) {
    EXPECT_EXIT(log_and_exit(level), testing::ExitedWithCode(0), testing::Eq(all));
  }
};

TEST_F(LogLevelOfTheEnvironment, IsWarnByDefault) {
  expect_stderr(nullptr, "pith WARN [COMM] warn\n");
}

TEST_F(LogLevelOfTheEnvironment, IsReadOnceBeforeTheFirstLine) {
  expect_stderr("INFO", "pith WARN [COMM] warn\npith INFO [COMP] info\n");
}

TEST_F(LogLevelOfTheEnvironment, DoesNotMindTheCase) {
  expect_stderr("Info", "pith WARN [COMM] warn\npith INFO [COMP] info\n");
}

TEST_F(LogLevelOfTheEnvironment, OfNoneSilencesAll) { expect_stderr("NONE", ""); }

TEST_F(LogLevelOfTheEnvironment, IsWarnedAboutIfUnknown) {
  expect_stderr("LOUD",
                "pith WARN [CONFIG] PITH_DEBUG must be NONE, WARN, INFO or TRACE, not \"LOUD\"\n"
                "pith WARN [COMM] warn\n");
}

TEST_F(LogLevelOfTheEnvironment, SurvivesAFileThatCannotBeRead) {
  EXPECT_EXIT(
      {
        const Variable variable("PITH_DEBUG", nullptr);
        const Variable file("PITH_CONFIG", "/nowhere/pith.conf");
        log(LogLevel::warn, "INIT", "go on");
        std::exit(0);
      },
      testing::ExitedWithCode(0),
      "CONFIG. PITH_CONFIG: cannot read ./nowhere/pith.conf.*\n.*WARN .INIT. go on");
}

TEST_F(LogLevelOfTheEnvironment, GivesWayToTheOneThatIsSet) {
  EXPECT_EXIT(
      {
        const Variable variable("PITH_DEBUG", "TRACE");
        set_log_level(LogLevel::warn);
        log_at_every_level();
        std::exit(0);
      },
      testing::ExitedWithCode(0), testing::Eq("pith WARN [COMM] warn\n"));
}

}  // namespace
}  // namespace pith::test
