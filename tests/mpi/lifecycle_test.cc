// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <stdexcept>

#include <pith/core/error.h>
#include <pith/mpi/communicator.h>
#include <pith/mpi/init.h>

namespace {

bool refuses_world() {
  try {
    const pith::mpi::Communicator comm(MPI_COMM_WORLD);
  } catch (const pith::UsageError&) {
    return true;
  }
  return false;
}

int fail(int line) {
  std::fprintf(stderr, "lifecycle_test.cc:%d failed\n", line);
  return 1;
}

}  // namespace

// Not GoogleTest: it begins before MPI and ends after it.
int main(int argc, char** argv) {
  if (!refuses_world()) return fail(__LINE__);
  try {
    const pith::mpi::Environment environment(argc, argv);
    throw std::runtime_error("leaves the scope");
  } catch (const std::runtime_error&) {
  }
  if (!pith::mpi::is_running()) return fail(__LINE__);

  auto comm = std::make_unique<pith::mpi::Communicator>(MPI_COMM_WORLD);
  comm->barrier();
  float mean = 0;
  comm->all_reduce_mean(std::span(&mean, 1), 1.0f);
  MPI_Finalize();
  comm.reset();
  if (pith::mpi::is_running() || !refuses_world()) return fail(__LINE__);
  return 0;
}
