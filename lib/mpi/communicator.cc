// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <climits>
#include <string>
#include <utility>

#include <pith/core/error.h>
#include <pith/mpi/check.h>
#include <pith/mpi/communicator.h>
#include <pith/mpi/direct_mean.h>
#include <pith/mpi/init.h>
#include <pith/mpi/mean_in_memory.h>

namespace pith::mpi {
namespace {

MPI_Datatype mpi_type(ElementType type) {
  return type == ElementType::float32 ? MPI_FLOAT : MPI_DOUBLE;
}

/// Calls work(first, count) for consecutive parts of n elements, as large as MPI may take them.
template <class Work>
void in_chunks(std::size_t n, std::size_t largest_count, const Work& work) {
  for (std::size_t first = 0; first < n; first += largest_count) {
    work(first, static_cast<int>(std::min(n - first, largest_count)));
  }
}

// Below, MPI's trees take fewer messages.
constexpr std::size_t kDirectBytes = 64 * 1024;

template <class Byte>
using PerRank = std::array<std::span<Byte>, DirectExchange::kMostRanks>;

// Blocks of these sizes that lie one after the other.
template <class Byte>
PerRank<Byte> blocks_of(std::span<Byte> all, std::span<const std::size_t> sizes) {
  PerRank<Byte> blocks;
  std::size_t first = 0;
  for (std::size_t r = 0; r < sizes.size(); ++r) {
    blocks[r] = all.subspan(first, sizes[r]);
    first += sizes[r];
  }
  return blocks;
}

MPI_Comm duplicate(MPI_Comm user, std::size_t largest_count) {
  if (!is_running()) throw UsageError("Communicator: MPI is not initialised or already finalised");
  if (user == MPI_COMM_NULL) throw UsageError("Communicator: MPI_COMM_NULL");
  if (largest_count < 1 || largest_count > INT_MAX) {
    throw UsageError("Communicator: largest_count is " + std::to_string(largest_count));
  }
  int inter = 0;
  int rank = 0;
  check(MPI_Comm_rank(user, &rank), "Communicator", rank);
  check(MPI_Comm_test_inter(user, &inter), "Communicator", rank);
  if (inter != 0) throw UsageError("Communicator: an intercommunicator");
  MPI_Comm own = MPI_COMM_NULL;
  check(MPI_Comm_dup(user, &own), "Communicator", rank);
  return own;
}

}  // namespace

Communicator::Communicator(MPI_Comm user, std::size_t largest_count)
    : Communicator(duplicate(user, largest_count), largest_count, Owned{}) {}

Communicator::Communicator(MPI_Comm own, std::size_t largest_count, Owned)
    : comm_(own), largest_count_(largest_count) {
  check(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN), "Communicator", rank_);
  check(MPI_Comm_rank(comm_, &rank_), "Communicator", rank_);
  check(MPI_Comm_size(comm_, &size_), "Communicator", rank_);
  if (size_ > 1 && size_ <= DirectExchange::kMostRanks) {
    direct_.emplace(comm_, rank_, size_, largest_count_);
  }
}

Communicator::~Communicator() {
  if (is_running()) MPI_Comm_free(&comm_);
}

bool Communicator::concurrent() const {
  int level = MPI_THREAD_SINGLE;
  check(MPI_Query_thread(&level), "MPI_Query_thread", rank_);
  return level == MPI_THREAD_MULTIPLE;
}

std::unique_ptr<pith::Communicator> Communicator::split(int color, int key) {
  check_split(color);
  MPI_Comm part = MPI_COMM_NULL;
  check(MPI_Comm_split(comm_, color, key, &part), "split", rank_);
  return std::unique_ptr<pith::Communicator>(new Communicator(part, largest_count_, Owned{}));
}

std::unique_ptr<pith::Communicator> Communicator::split_node() {
  MPI_Comm part = MPI_COMM_NULL;
  check(MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &part), "split_node",
        rank_);
  return std::unique_ptr<pith::Communicator>(new Communicator(part, largest_count_, Owned{}));
}

void Communicator::do_all_reduce(std::span<std::byte> x, ElementType type) {
  const std::size_t width = size_of(type);
  in_chunks(x.size() / width, largest_count_, [&](std::size_t first, int count) {
    check(MPI_Allreduce(MPI_IN_PLACE, x.data() + first * width, count, mpi_type(type), MPI_SUM,
                        comm_),
          "all_reduce", rank_);
  });
}

Finite Communicator::do_all_reduce_mean(std::span<float> x, float divisor) {
  return mean_of(x, divisor);
}

Finite Communicator::do_all_reduce_mean(std::span<double> x, double divisor) {
  return mean_of(x, divisor);
}

template <Element T>
Finite Communicator::mean_of(std::span<T> x, T divisor) {
  if (const auto finite = mean_in_memory(x, divisor)) return *finite;
  if (!goes_directly(x.size_bytes())) return pith::Communicator::do_all_reduce_mean(x, divisor);
  return direct_mean(*direct_, rank_, size_, x, divisor, received_);
}

bool Communicator::goes_directly(std::size_t bytes) const {
  return direct_ && bytes >= kDirectBytes;
}

// Nothing if the ranks share no memory.
template <Element T>
std::optional<Finite> Communicator::mean_in_memory(std::span<T> x, T divisor) {
  if (!std::exchange(memory_is_known_, true)) memory_ = SharedMemory::open(comm_);
  if (!memory_) return {};
  return pith::mpi::mean_in_memory(*memory_, x, divisor);
}

void Communicator::do_reduce_scatter(std::span<const std::byte> x, std::span<std::byte> out,
                                     ElementType type) {
  const std::size_t n = x.size() / size_of(type);
  if (n == 0) return;
  if (n > largest_count_) return reduce_blocks(x, out, type);
  const auto p = static_cast<std::size_t>(size_);
  block_counts_.resize(p);
  for (std::size_t r = 0; r < p; ++r) {
    block_counts_[r] = static_cast<int>(block_start(n, p, r + 1) - block_start(n, p, r));
  }
  check(MPI_Reduce_scatter(x.data(), out.data(), block_counts_.data(), mpi_type(type), MPI_SUM,
                           comm_),
        "reduce_scatter", rank_);
}

void Communicator::reduce_blocks(std::span<const std::byte> x, std::span<std::byte> out,
                                 ElementType type) {
  const std::size_t width = size_of(type);
  const auto p = static_cast<std::size_t>(size_);
  for (int root = 0; root < size_; ++root) {
    const auto r = static_cast<std::size_t>(root);
    const std::size_t start = block_start(x.size() / width, p, r);
    const std::size_t end = block_start(x.size() / width, p, r + 1);
    in_chunks(end - start, largest_count_, [&](std::size_t first, int count) {
      std::byte* sum = root == rank_ ? out.data() + first * width : nullptr;
      check(MPI_Reduce(x.data() + (start + first) * width, sum, count, mpi_type(type), MPI_SUM,
                       root, comm_),
            "reduce_scatter", rank_);
    });
  }
}

void Communicator::do_all_gather_v(std::span<const std::byte> mine,
                                   std::span<const std::size_t> sizes, std::span<std::byte> all) {
  if (all.empty()) return;
  if (goes_directly(all.size())) return gather_directly(mine, sizes, all);
  if (all.size() > largest_count_) return broadcast_blocks(mine, sizes, all);
  in_layout_.assign(sizes, largest_count_, rank_);
  const auto place = all.subspan(static_cast<std::size_t>(in_layout_.displacements()[rank_]));
  if (mine.data() != place.data()) std::ranges::copy(mine, place.begin());
  check(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_BYTE, all.data(), in_layout_.counts(),
                       in_layout_.displacements(), MPI_BYTE, comm_),
        "all_gather", rank_);
}

void Communicator::gather_directly(std::span<const std::byte> mine,
                                   std::span<const std::size_t> sizes, std::span<std::byte> all) {
  const auto blocks = blocks_of(all, sizes);
  const auto place = blocks[static_cast<std::size_t>(rank_)];
  if (mine.data() != place.data()) std::ranges::copy(mine, place.begin());
  PerRank<const std::byte> mine_to_all;
  mine_to_all.fill(place);
  direct_->run(std::span(mine_to_all).first(sizes.size()), std::span(blocks).first(sizes.size()),
               "all_gather");
}

void Communicator::exchange_directly(std::span<const std::byte> out,
                                     std::span<const std::size_t> out_sizes,
                                     std::span<std::byte> in,
                                     std::span<const std::size_t> in_sizes) {
  const auto out_blocks = blocks_of(out, out_sizes);
  const auto in_blocks = blocks_of(in, in_sizes);
  const auto own = static_cast<std::size_t>(rank_);
  std::ranges::copy(out_blocks[own], in_blocks[own].begin());
  direct_->run(std::span(out_blocks).first(out_sizes.size()),
               std::span(in_blocks).first(in_sizes.size()), "all_to_all");
}

void Communicator::broadcast_blocks(std::span<const std::byte> mine,
                                    std::span<const std::size_t> sizes, std::span<std::byte> all) {
  std::size_t start = 0;
  for (int root = 0; root < size_; ++root) {
    const auto block = all.subspan(start, sizes[static_cast<std::size_t>(root)]);
    if (root == rank_ && mine.data() != block.data()) std::ranges::copy(mine, block.begin());
    broadcast_chunks(block, root, "all_gather");
    start += block.size();
  }
}

void Communicator::do_all_to_all_v(std::span<const std::byte> out,
                                   std::span<const std::size_t> out_sizes, std::span<std::byte> in,
                                   std::span<const std::size_t> in_sizes) {
  // Each pair of ranks knows only what goes between the two, so sizes cannot decide.
  if (direct_) return exchange_directly(out, out_sizes, in, in_sizes);
  out_layout_.assign(out_sizes, largest_count_, rank_);
  in_layout_.assign(in_sizes, largest_count_, rank_);
  const int code = MPI_Alltoallw(out.data(), out_layout_.counts(), out_layout_.displacements(),
                                 out_layout_.types(), in.data(), in_layout_.counts(),
                                 in_layout_.displacements(), in_layout_.types(), comm_);
  out_layout_.free_types();
  in_layout_.free_types();
  check(code, "all_to_all", rank_);
}

void Communicator::do_broadcast(std::span<std::byte> x, int root) {
  broadcast_chunks(x, root, "broadcast");
}

void Communicator::broadcast_chunks(std::span<std::byte> x, int root, const char* operation) {
  in_chunks(x.size(), largest_count_, [&](std::size_t first, int count) {
    check(MPI_Bcast(x.data() + first, count, MPI_BYTE, root, comm_), operation, rank_);
  });
}

void Communicator::do_barrier() { check(MPI_Barrier(comm_), "barrier", rank_); }

}  // namespace pith::mpi
