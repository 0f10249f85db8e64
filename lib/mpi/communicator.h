// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <mpi.h>

#include <pith/comm/communicator.h>
#include <pith/mpi/direct_exchange.h>
#include <pith/mpi/layout.h>
#include <pith/mpi/shared_memory.h>

namespace pith::mpi {

/// The ranks of an MPI communicator.
///
/// Its collectives are MPI's, but for all_reduce_mean() of ranks that share a memory
/// (PITH_SHARED_MEMORY=on, the default, or off): this library's own (mean_in_memory.h); and for
/// all_to_all(), and all_gather() and all_reduce_mean() of 64 KiB and more, among up to 8 ranks,
/// which go from each to all at once (direct_exchange.h).
///
/// Works on a private duplicate, so messages never match the user's; every call is checked
/// (MPI_ERRORS_RETURN) and becomes a TransportError with MPI's own text, the operation and the
/// rank. More elements (of gathered and exchanged bytes: more bytes) than `largest_count` are sent
/// in several calls, or as derived types, so no size is too large for MPI's int. Works with the
/// thread level that MPI was initialised with: one thread at a time calls it. A
/// boost::mpi::communicator converts to MPI_Comm and is accepted too.
///
/// The constructor and the destructor are collective. The destructor leaves MPI alone after
/// MPI_Finalize.
/// Throws   UsageError if MPI is not initialised, is finalised, or `user` is null or an
///          intercommunicator.
class Communicator final : public pith::Communicator {
 public:
  static constexpr std::size_t kLargestCount = std::size_t{1} << 30;

  /// `largest_count`, the same on all ranks, is there for tests: 1 to 2^31 - 1.
  explicit Communicator(MPI_Comm user, std::size_t largest_count = kLargestCount);
  ~Communicator() override;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  bool concurrent() const override;  ///< with MPI_THREAD_MULTIPLE
  std::unique_ptr<pith::Communicator> split(int color, int key) override;
  std::unique_ptr<pith::Communicator> split_node() override;  ///< MPI_COMM_TYPE_SHARED

 private:
  struct Owned {};
  Communicator(MPI_Comm own, std::size_t largest_count, Owned);

  void do_all_reduce(std::span<std::byte> x, ElementType type) override;
  Finite do_all_reduce_mean(std::span<float> x, float divisor) override;
  Finite do_all_reduce_mean(std::span<double> x, double divisor) override;
  void do_reduce_scatter(std::span<const std::byte> x, std::span<std::byte> out,
                         ElementType type) override;
  void do_all_gather_v(std::span<const std::byte> mine, std::span<const std::size_t> sizes,
                       std::span<std::byte> all) override;
  void do_all_to_all_v(std::span<const std::byte> out, std::span<const std::size_t> out_sizes,
                       std::span<std::byte> in, std::span<const std::size_t> in_sizes) override;
  void do_broadcast(std::span<std::byte> x, int root) override;
  void do_barrier() override;

  template <Element T>
  std::optional<Finite> mean_in_memory(std::span<T> x, T divisor);
  void reduce_blocks(std::span<const std::byte> x, std::span<std::byte> out, ElementType type);
  template <Element T>
  Finite mean_of(std::span<T> x, T divisor);
  bool goes_directly(std::size_t bytes) const;
  void gather_directly(std::span<const std::byte> mine, std::span<const std::size_t> sizes,
                       std::span<std::byte> all);
  void exchange_directly(std::span<const std::byte> out, std::span<const std::size_t> out_sizes,
                         std::span<std::byte> in, std::span<const std::size_t> in_sizes);
  void broadcast_blocks(std::span<const std::byte> mine, std::span<const std::size_t> sizes,
                        std::span<std::byte> all);
  void broadcast_chunks(std::span<std::byte> x, int root, const char* operation);

  MPI_Comm comm_ = MPI_COMM_NULL;
  std::size_t largest_count_ = kLargestCount;
  int rank_ = 0;
  int size_ = 1;
  std::optional<DirectExchange> direct_;  // among a few ranks
  std::vector<std::byte> received_;
  std::vector<int> block_counts_;
  std::unique_ptr<SharedMemory> memory_;  // of all ranks, if they have one; from the first sum on
  bool memory_is_known_ = false;
  Layout out_layout_;
  Layout in_layout_;
};

}  // namespace pith::mpi
