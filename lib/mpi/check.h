// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pith::mpi {

/// Throws TransportError, "all_reduce on rank 2: " and MPI's own text, unless code is MPI_SUCCESS.
void check(int code, const char* operation, int rank);

}  // namespace pith::mpi
