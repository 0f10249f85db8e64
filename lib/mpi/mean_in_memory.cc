// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/core/error.h>
#include <pith/core/vector.h>
#include <pith/mpi/mean_in_memory.h>

namespace pith::mpi {
namespace {

using Done = SharedMemory::Done;

template <Element T>
std::span<T> slot_of(const SharedMemory& memory, int rank, std::size_t n) {
  return {reinterpret_cast<T*>(memory.slot(rank)), n};
}

// How much a rank has left, and of what.
template <Element T>
std::uint64_t rest(std::span<T> x) {
  return x.size() * 16 + sizeof(T);
}

std::string text_of(std::uint64_t rest) {
  return std::to_string(rest / 16) + " elements of " + std::to_string(rest % 16) + " bytes";
}

void expect_filled(const SharedMemory& memory, int rank, std::uint64_t mine) {
  const std::uint64_t theirs = memory.wait_for(rank, Done::filling);
  if (theirs == mine) return;
  throw TransportError("all_reduce_mean on rank " + std::to_string(memory.rank()) + ": " +
                       text_of(mine) + " are left, on rank " + std::to_string(rank) + " " +
                       text_of(theirs));
}

// In rank order, too, since of two NaNs the first one is kept.
template <Element T>
bool mean_of_two(SharedMemory& memory, std::span<T> x, T divisor) {
  const std::span<const T> theirs = slot_of<T>(memory, 1 - memory.rank(), x.size());
  return memory.rank() == 0 ? sum_divided<T>(x, theirs, divisor, x)
                            : sum_divided<T>(theirs, x, divisor, x);
}

// The mean of the elements of all slots from `first` on, block by block in the cache. `mean` may be
// this rank's own part of them: a block is read before it is written.
template <Element T>
bool mean_of_part(const SharedMemory& memory, std::size_t first, T divisor, std::span<T> mean) {
  constexpr std::size_t kBlock = 1024;
  T block[kBlock];
  bool finite = true;
  for (std::size_t i = 0; i < mean.size(); i += kBlock) {
    const std::size_t n = std::min(kBlock, mean.size() - i);
    const auto part = [&](int rank) {
      return std::span<const T>(slot_of<T>(memory, rank, first + i + n)).last(n);
    };
    const std::span<T> sum(block, n);
    copy(part(0), sum);
    for (int r = 1; r + 1 < memory.ranks(); ++r) axpy(T(1), part(r), sum);
    finite = sum_divided<T>(sum, part(memory.ranks() - 1), divisor, mean.subspan(i, n)) && finite;
  }
  return finite;
}

template <Element T>
bool mean_by_parts(SharedMemory& memory, std::span<T> x, T divisor) {
  const auto ranks = static_cast<std::size_t>(memory.ranks());
  const auto start = [&](int rank) {
    return block_start(x.size(), ranks, static_cast<std::size_t>(rank));
  };
  const auto part = [&](std::span<T> of, int rank) {
    return of.first(start(rank + 1)).subspan(start(rank));
  };
  const int own = memory.rank();
  const auto mine = part(slot_of<T>(memory, own, x.size()), own);
  memory.tell(Done::summing, mean_of_part(memory, start(own), divisor, mine) ? 1 : 0);
  bool finite = true;
  for (int i = 0; i < memory.ranks(); ++i) {
    const int r = (own + i) % memory.ranks();  // not all ranks at one slot
    finite = memory.wait_for(r, Done::summing) == 1 && finite;
    copy<T>(part(slot_of<T>(memory, r, x.size()), r), part(x, r));
  }
  return finite;
}

}  // namespace

template <Element T>
Finite mean_in_memory(SharedMemory& memory, std::span<T> x, T divisor) {
  constexpr std::size_t kSlot = SharedMemory::kSlotBytes / sizeof(T);
  Finite finite;
  do {
    const std::span<T> now = x.first(std::min(kSlot, x.size()));
    memory.begin_turn();
    finite.own = copy_checked<T>(now, slot_of<T>(memory, memory.rank(), now.size())) && finite.own;
    memory.tell(Done::filling, rest(x));
    for (int r = 0; r < memory.ranks(); ++r) expect_filled(memory, r, rest(x));
    const bool two = memory.ranks() == 2;
    finite.mean = (two ? mean_of_two(memory, now, divisor) : mean_by_parts(memory, now, divisor)) &&
                  finite.mean;
    memory.tell(Done::reading);
    x = x.subspan(now.size());
  } while (!x.empty());
  return finite;
}

template Finite mean_in_memory(SharedMemory&, std::span<float>, float);
template Finite mean_in_memory(SharedMemory&, std::span<double>, double);

}  // namespace pith::mpi
