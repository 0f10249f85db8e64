// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <mpi.h>

namespace pith::mpi {

/// Memory that the ranks of a communicator share: two slots of each rank, which every rank reads
/// and its own rank writes, and how far each rank is. What happens in one turn of all ranks lies in
/// one slot, so that a rank may fill the next one while others still read. Only open() is
/// collective.
///
/// Memory   per rank two slots and a page.
/// Throws   TransportError.
class SharedMemory {
 public:
  static constexpr std::size_t kSlotBytes = std::size_t{512} << 10;
  static constexpr int kLargestRanks = 64;  // each waits for each, so many are for MPI

  /// What a rank has done in a turn.
  enum class Done { filling, summing, reading };

  /// Collective. Null on all ranks if they are not 2 to kLargestRanks on one node, if there is no
  /// such memory to be had, or if PITH_SHARED_MEMORY is "off" on one of them. Throws UsageError on
  /// all ranks if it is neither "on" nor "off" on one.
  static std::unique_ptr<SharedMemory> open(MPI_Comm comm);

  ~SharedMemory();
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  int rank() const { return rank_; }
  int ranks() const { return ranks_; }

  void begin_turn();

  /// The slot of a rank in this turn.
  std::byte* slot(int rank) const;

  /// This rank has done this in this turn: those who wait for it see what it wrote, and `value`.
  void tell(Done done, std::uint64_t value = 0);

  /// Returns the value when that rank has done so in this turn. Meanwhile the thread gives up its
  /// core and lets MPI go on with what was begun. Throws TransportError if MPI fails.
  std::uint64_t wait_for(int rank, Done done) const;

 private:
  struct Counter;
  struct Place;

  SharedMemory(MPI_Comm comm, int rank, int ranks, void* memory);
  Counter& counter(int rank, Done done) const;
  void wait_until(const Counter& counter, std::uint64_t turn) const;

  MPI_Comm comm_;  // of which this is
  int rank_;
  int ranks_;
  Place* places_;  // of all ranks
  std::uint64_t turn_ = 0;
};

}  // namespace pith::mpi
