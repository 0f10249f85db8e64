// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pith::test {

/// Runs all GoogleTest tests on every rank of MPI_COMM_WORLD, which must be initialised, and
/// returns the exit code: the same on all ranks, not 0 if a test failed on any of them.
///
/// Rank 0 prints as usual, the others only their failures. After each test the ranks wait for each
/// other. A test that throws, or fails on a rank while others do not come to its end, ends the job.
int run_mpi_tests(int argc, char** argv);

}  // namespace pith::test
