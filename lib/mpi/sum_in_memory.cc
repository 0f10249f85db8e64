// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/comm/communicator.h>
#include <pith/core/vector.h>
#include <pith/mpi/sum_in_memory.h>

namespace pith::mpi {
namespace {

using Done = SharedMemory::Done;

template <Element T>
std::span<T> slot_of(const SharedMemory& memory, int rank, std::size_t n) {
  return {reinterpret_cast<T*>(memory.slot(rank)), n};
}

// Both ranks get the same bits: a sum of two numbers does not depend on their order.
template <Element T>
void sum_two(SharedMemory& memory, std::span<T> x, T divisor) {
  const int other = 1 - memory.rank();
  memory.wait_for(other, Done::filling);
  const std::span<const T> theirs = slot_of<T>(memory, other, x.size());
  sum_divided<T>(x, theirs, divisor, x);
}

// sum = part of the first slot + ... + part of the last one, block by block in the cache. It may be
// this rank's own part: a block is read before it is written.
template <Element T>
void sum_part(const SharedMemory& memory, std::size_t first, T divisor, std::span<T> sum) {
  constexpr std::size_t kBlock = 1024;
  T block[kBlock];
  for (std::size_t i = 0; i < sum.size(); i += kBlock) {
    const std::size_t n = std::min(kBlock, sum.size() - i);
    const auto part = [&](int rank) {
      return std::span<const T>(slot_of<T>(memory, rank, first + i + n)).last(n);
    };
    const std::span<T> total(block, n);
    copy(part(0), total);
    for (int r = 1; r + 1 < memory.ranks(); ++r) axpy(T(1), part(r), total);
    sum_divided<T>(total, part(memory.ranks() - 1), divisor, sum.subspan(i, n));
  }
}

template <Element T>
void sum_parts(SharedMemory& memory, std::span<T> x, T divisor) {
  const auto ranks = static_cast<std::size_t>(memory.ranks());
  const auto part = [&](std::span<T> of, int rank) {
    const auto r = static_cast<std::size_t>(rank);
    return of.first(block_start(of.size(), ranks, r + 1)).subspan(block_start(of.size(), ranks, r));
  };
  for (int r = 0; r < memory.ranks(); ++r) memory.wait_for(r, Done::filling);
  const auto mine = part(slot_of<T>(memory, memory.rank(), x.size()), memory.rank());
  sum_part(memory, block_start(x.size(), ranks, static_cast<std::size_t>(memory.rank())), divisor,
           mine);
  memory.tell(Done::summing);
  for (int i = 0; i < memory.ranks(); ++i) {
    const int r = (memory.rank() + i) % memory.ranks();  // not all ranks at one slot
    memory.wait_for(r, Done::summing);
    copy<T>(part(slot_of<T>(memory, r, x.size()), r), part(x, r));
  }
}

}  // namespace

template <Element T>
void sum_in_memory(SharedMemory& memory, std::span<T> x, T divisor) {
  constexpr std::size_t kSlot = SharedMemory::kSlotBytes / sizeof(T);
  do {
    const std::span<T> now = x.first(std::min(kSlot, x.size()));
    memory.begin_turn(x.size_bytes());
    copy<T>(now, slot_of<T>(memory, memory.rank(), now.size()));
    memory.tell(Done::filling);
    memory.ranks() == 2 ? sum_two(memory, now, divisor) : sum_parts(memory, now, divisor);
    memory.tell(Done::reading);
    x = x.subspan(now.size());
  } while (!x.empty());
}

template void sum_in_memory(SharedMemory&, std::span<float>, float);
template void sum_in_memory(SharedMemory&, std::span<double>, double);

}  // namespace pith::mpi
