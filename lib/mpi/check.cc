// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <mpi.h>

#include <pith/core/error.h>
#include <pith/mpi/check.h>

namespace pith::mpi {

void check(int code, const char* operation, int rank) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) length = 0;
  throw TransportError(std::string(operation) + " on rank " + std::to_string(rank) + ": " +
                       (length > 0 ? text : "MPI error " + std::to_string(code)));
}

}  // namespace pith::mpi
