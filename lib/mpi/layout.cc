// SPDX-License-Identifier: Apache-2.0
#include <numeric>

#include <pith/mpi/check.h>
#include <pith/mpi/layout.h>

namespace pith::mpi {
namespace {

/// A type of `size` bytes from `start` on: whole chunks of largest_count bytes, and the rest.
MPI_Datatype block_type(std::size_t start, std::size_t size, std::size_t largest_count, int rank) {
  const std::size_t chunks = size / largest_count;
  const int lengths[] = {static_cast<int>(chunks), static_cast<int>(size % largest_count)};
  const MPI_Aint starts[] = {static_cast<MPI_Aint>(start),
                             static_cast<MPI_Aint>(start + chunks * largest_count)};
  MPI_Datatype chunk = MPI_DATATYPE_NULL;
  MPI_Datatype block = MPI_DATATYPE_NULL;
  check(MPI_Type_contiguous(static_cast<int>(largest_count), MPI_BYTE, &chunk), "block type", rank);
  const MPI_Datatype parts[] = {chunk, MPI_BYTE};
  check(MPI_Type_create_struct(2, lengths, starts, parts, &block), "block type", rank);
  check(MPI_Type_free(&chunk), "block type", rank);
  check(MPI_Type_commit(&block), "block type", rank);
  return block;
}

}  // namespace

void Layout::assign(std::span<const std::size_t> sizes, std::size_t largest_count, int rank) {
  const bool fits = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}) <= largest_count;
  counts_.assign(sizes.size(), 1);
  displacements_.assign(sizes.size(), 0);
  types_.assign(sizes.size(), MPI_BYTE);
  std::size_t start = 0;
  for (std::size_t r = 0; r < sizes.size(); start += sizes[r++]) {
    if (fits) {
      counts_[r] = static_cast<int>(sizes[r]);
      displacements_[r] = static_cast<int>(start);
    } else {
      types_[r] = block_type(start, sizes[r], largest_count, rank);
    }
  }
}

void Layout::free_types() {
  for (MPI_Datatype& type : types_) {
    if (type != MPI_BYTE) MPI_Type_free(&type);
  }
  types_.clear();
}

}  // namespace pith::mpi
