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

void expect_filled(const SharedMemory& memory, int rank, std::size_t elements) {
  const std::uint64_t theirs = memory.wait_for(rank, Done::filling);
  if (theirs == elements) return;
  throw TransportError("all_reduce_mean on rank " + std::to_string(memory.rank()) + ": " +
                       std::to_string(elements) + " elements are left, on rank " +
                       std::to_string(rank) + " " + std::to_string(theirs));
}

// Both ranks get the same bits: a sum of two numbers does not depend on their order.
template <Element T>
bool mean_of_two(SharedMemory& memory, std::span<T> x, T divisor) {
  const std::span<const T> theirs = slot_of<T>(memory, 1 - memory.rank(), x.size());
  return sum_divided<T>(x, theirs, divisor, x);
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
    memory.tell(Done::filling, x.size());
    for (int r = 0; r < memory.ranks(); ++r) expect_filled(memory, r, x.size());
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
