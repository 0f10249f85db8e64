// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>

#include <pith/core/error.h>
#include <pith/core/vector.h>
#include <pith/mpi/mean_in_memory.h>
#include <pith/mpi/mean_of_parts.h>

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
  const auto mine_of = [&](int rank) { return part(slot_of<T>(memory, rank, x.size()), own); };
  bool finite = mean_of_parts<T>(memory.ranks(), mine_of, divisor, mine_of(own));
  memory.tell(Done::summing, finite ? 1 : 0);
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
