// SPDX-License-Identifier: Apache-2.0
#include "support/mpi_run.h"

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <mpi.h>

namespace pith::test {
namespace {

constexpr std::chrono::seconds kPatience{5};

int world_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

/// GoogleTest's own record cannot be asked while it reports a failure.
std::string& current_test() {
  static std::string name = "outside of a test";
  return name;
}

/// In one write, so that no other rank's output comes in between: mpirun passes on what it reads.
void print_line(const std::string& text) { std::cerr << text + "\n"; }

void print_of_test(const std::string& what) {
  print_line("rank " + std::to_string(world_rank()) + ": " + current_test() + ": " + what);
}

[[noreturn]] void end_job(const std::string& why) {
  print_of_test(why);
  MPI_Abort(MPI_COMM_WORLD, 1);
  std::abort();
}

/// Prints the failures of a rank whose output is otherwise silent.
class PrintFailures final : public testing::EmptyTestEventListener {
  void OnTestPartResult(const testing::TestPartResult& result) override {
    if (!result.failed()) return;
    const std::string file = result.file_name() == nullptr ? "" : result.file_name();
    print_of_test(file + ":" + std::to_string(result.line_number()) + ": " + result.message());
  }
};

/// Keeps the ranks in the same test. A rank whose test failed may have left it early, while others
/// wait in it for ever; only such a rank watches the clock, so that no sound test fails on time.
class KeepTogether final : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo& test) override {
    current_test() = std::string(test.test_suite_name()) + "." + test.name();
  }

  void OnTestEnd(const testing::TestInfo& test) override {
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Ibarrier(MPI_COMM_WORLD, &request);
    if (!test.result()->Failed()) {
      MPI_Wait(&request, MPI_STATUS_IGNORE);
      return;
    }
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (int done = 0; done == 0; MPI_Test(&request, &done, MPI_STATUS_IGNORE)) {
      if (std::chrono::steady_clock::now() > deadline) end_job("other ranks still wait in it");
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
};

void set_up_listeners() {
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  if (world_rank() != 0) {
    delete listeners.Release(listeners.default_result_printer());
    delete listeners.Release(listeners.default_xml_generator());
    listeners.Append(new PrintFailures);
  }
  listeners.Append(new KeepTogether);
}

}  // namespace

int run_mpi_tests(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  GTEST_FLAG_SET(catch_exceptions, false);
  set_up_listeners();
  try {
    int failed_ranks = RUN_ALL_TESTS() == 0 ? 0 : 1;
    MPI_Allreduce(MPI_IN_PLACE, &failed_ranks, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (failed_ranks == 0) return 0;
    if (world_rank() == 0) print_line("failed on " + std::to_string(failed_ranks) + " ranks");
    return 1;
  } catch (const std::exception& error) {
    end_job(std::string("threw ") + error.what());
  } catch (...) {
    end_job("threw an unknown exception");
  }
}

}  // namespace pith::test
