// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <mpi.h>

namespace pith::mpi {

/// Where the blocks of all ranks lie, one after the other, in a buffer of bytes: what the
/// collectives of MPI take that give each block a count, a displacement and a type.
///
/// Counts and displacements are `int`. If the whole is larger than `largest_count`, each block
/// becomes one element of a derived type that holds its start and its length, and all
/// displacements are 0. The bytes on the wire are the same, so ranks need not agree on it.
class Layout {
 public:
  /// Throws   TransportError if MPI refuses a type.
  void assign(std::span<const std::size_t> sizes, std::size_t largest_count, int rank);

  /// Frees the derived types, if there are any. A destructor could not: MPI may be gone by then.
  void free_types();

  const int* counts() const { return counts_.data(); }
  const int* displacements() const { return displacements_.data(); }
  const MPI_Datatype* types() const { return types_.data(); }

 private:
  std::vector<int> counts_;
  std::vector<int> displacements_;
  std::vector<MPI_Datatype> types_;
};

}  // namespace pith::mpi
