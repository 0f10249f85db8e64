// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include <mpi.h>

namespace pith::mpi {

/// A few ranks send a block to each other rank and receive one from each, all at once.
///
/// MPI sends a large message only when the receiver has answered that it may come, and answers only
/// while it is called. Ranks whose cores are computing answer late, and each message waits for it.
/// So blocks travel in pieces that are small enough to go unasked, to receives that are posted
/// before: two chunks of them are under way to each rank, and by a chunk that has come from a rank
/// it is known that the next but one is expected there.
///
/// Wire     the blocks; between ranks of which one sends chunks and the other does not, an empty
///          message per chunk.
/// Memory   none besides requests; what comes before its receiver calls, at most two chunks from
///          each rank, MPI keeps.
class DirectExchange {
 public:
  static constexpr int kMostRanks = 8;
  static constexpr std::size_t kPieceBytes = 60 * 1024;  // Open MPI asks from 64 KiB on, over TCP
  static constexpr std::size_t kPiecesOfChunk = 32;

  /// One rank at least and kMostRanks at most. Of `comm` it uses the tag 1. Pieces have up to
  /// `piece_bytes`, the same on all ranks.
  DirectExchange(MPI_Comm comm, int rank, int ranks, std::size_t piece_bytes = kPieceBytes);

  /// out[r] goes to rank r, which receives it in its in[this rank], of the same size; what is for
  /// this rank itself stays as it is. Collective.
  /// Throws   TransportError that names `operation`. Receives that no message has met are
  ///          cancelled then; what is on its way may still be written to its block.
  void run(std::span<const std::span<const std::byte>> out,
           std::span<const std::span<std::byte>> in, const char* operation);

 private:
  using Requests = std::vector<MPI_Request>;

  void run();
  void abandon();
  std::size_t chunk_bytes() const { return piece_bytes_ * kPiecesOfChunk; }
  std::size_t chunks(std::span<const std::byte> out, std::span<std::byte> in) const;
  template <class Byte, class Begin>
  void in_pieces(std::span<const std::span<Byte>> blocks, int rank, std::size_t chunk,
                 const Begin& begin);
  void receive(std::size_t chunk);
  void send(std::size_t chunk);
  void wait(std::size_t chunk);
  Requests& of(std::size_t chunk) { return requests_[chunk % requests_.size()]; }

  MPI_Comm comm_;
  int rank_;
  int ranks_;
  std::size_t piece_bytes_;
  std::span<const std::span<const std::byte>> out_;
  std::span<const std::span<std::byte>> in_;
  const char* operation_ = "";
  std::array<Requests, 4> requests_;  // chunk by chunk, in turns
  std::vector<MPI_Status> statuses_;
};

}  // namespace pith::mpi
