// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include <pith/core/error.h>

#include "support/with_threads.h"
#include "variable.h"

namespace pith::test {
namespace {

[[noreturn]] void print_refusal() {
  try {
    threads();
  } catch (const UsageError& error) {
    std::cerr << error.what();
    std::exit(1);
  }
  std::exit(0);
}

TEST(Threads, AreOneUnlessSaidOtherwise) {
  EXPECT_EQ(threads(), 1u);
  EXPECT_EQ(parts_of(std::size_t{1} << 30), 1u);
  const WithThreads four(4);
  EXPECT_EQ(parts_of(std::size_t{1} << 30), 4u);
}

// It is read once per process, so these ask one that has just begun.
class ThreadsDeathTest : public testing::Test {
 protected:
  ThreadsDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(ThreadsDeathTest, AreAsManyAsTheEnvironmentSays) {
  const Variable variable("PITH_THREADS", "3");
  EXPECT_EXIT(std::exit(static_cast<int>(threads())), testing::ExitedWithCode(3), "");
}

TEST_F(ThreadsDeathTest, AreRefusedByNameIfTheEnvironmentSaysNone) {
  const Variable variable("PITH_THREADS", "0");
  EXPECT_EXIT(print_refusal(), testing::ExitedWithCode(1), "PITH_THREADS.*0");
}

TEST(Threads, AreNeverNone) {
  EXPECT_THROW(set_threads(0), UsageError);
  EXPECT_THROW(set_threads(257), UsageError);
  EXPECT_EQ(threads(), 1u);
}

TEST(Threads, ShareNoTensorThatIsSmall) {
  const WithThreads four(4);
  EXPECT_EQ(parts_of(0), 1u);
  EXPECT_EQ(parts_of((std::size_t{1} << 18) - 1), 1u);
  EXPECT_EQ(parts_of(std::size_t{1} << 18), 2u);
  EXPECT_EQ(parts_of(std::size_t{1} << 19), 4u);
}

TEST(Threads, PartsCoverAllInOrderAndBeginAtMultiples) {
  for (const std::size_t n : {0u, 1u, 999u, 4096u, 100'000u}) {
    for (const std::size_t parts : {1u, 2u, 3u, 7u}) {
      EXPECT_EQ(part_start(n, parts, 0, 64), 0u);
      EXPECT_EQ(part_start(n, parts, parts, 64), n);
      for (std::size_t part = 0; part < parts; ++part) {
        EXPECT_EQ(part_start(n, parts, part, 64) % 64, 0u);
        EXPECT_LE(part_start(n, parts, part, 64), part_start(n, parts, part + 1, 64));
      }
    }
  }
}

TEST(Threads, RunEveryPartOnAThreadOfItsOwn) {
  std::mutex mutex;
  std::multiset<std::size_t> parts;
  std::set<std::thread::id> ids;
  in_parallel(5, [&](std::size_t part) {
    EXPECT_EQ(lane(), part);
    const std::scoped_lock lock(mutex);
    parts.insert(part);
    ids.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(parts, (std::multiset<std::size_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(ids.size(), 5u);
  EXPECT_TRUE(ids.contains(std::this_thread::get_id()));
  EXPECT_EQ(lane(), 0u);
}

TEST(Threads, AllEndBeforeTheFirstErrorIsRethrown) {
  std::atomic<int> ended = 0;
  try {
    in_parallel(4, [&](std::size_t part) {
      ++ended;
      if (part > 0) throw std::runtime_error(std::to_string(part));
    });
    FAIL() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "1");
  }
  EXPECT_EQ(ended, 4);
  EXPECT_EQ(lane(), 0u);
}

}  // namespace
}  // namespace pith::test
