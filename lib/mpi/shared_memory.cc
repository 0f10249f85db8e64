// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <new>
#include <string>

#include <hwy/cache_control.h>
#include <sched.h>

#include <pith/core/environment.h>
#include <pith/core/error.h>
#include <pith/mpi/check.h>
#include <pith/mpi/shared_memory.h>

namespace pith::mpi {
namespace {

constexpr std::size_t kSlots = 2;
constexpr std::size_t kLine = 128;  // which no two counters share

// Allowed, refused, or a value that is neither.
int wish() {
  const auto value = environment("PITH_SHARED_MEMORY");
  if (!value || *value == "on") return 1;
  return *value == "off" ? 0 : -1;
}

constexpr const char* kOperation = "all_reduce_mean";  // at whose first call this takes place

int smallest(int value, MPI_Comm comm, int rank) {
  check(MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT, MPI_MIN, comm), kOperation, rank);
  return value;
}

bool on_one_node(MPI_Comm comm, int rank, int ranks) {
  int here = 0;
  MPI_Comm node = MPI_COMM_NULL;
  check(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node), kOperation, rank);
  MPI_Comm_size(node, &here);
  MPI_Comm_free(&node);
  return here == ranks && ranks > 1 && ranks <= SharedMemory::kLargestRanks;
}

}  // namespace

struct alignas(kLine) SharedMemory::Counter {
  std::atomic<std::uint64_t> turn = 0;
  std::array<std::uint64_t, kSlots> values = {};  // told in the turn of a slot
};

struct SharedMemory::Place {
  std::array<Counter, 3> done;  // one for each Done
  alignas(4096) std::array<std::array<std::byte, kSlotBytes>, kSlots> slots;
};

std::unique_ptr<SharedMemory> SharedMemory::open(MPI_Comm comm) {
  int rank = 0;
  int ranks = 0;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &ranks);
  const int allowed = smallest(wish(), comm, rank);
  if (allowed < 0) throw UsageError("PITH_SHARED_MEMORY must be on or off, on every rank");
  if (allowed == 0 || !on_one_node(comm, rank, ranks)) return nullptr;
  void* own = nullptr;
  MPI_Win window = MPI_WIN_NULL;
  const int code = MPI_Win_allocate_shared(sizeof(Place), 1, MPI_INFO_NULL, comm, &own, &window);
  if (smallest(code == MPI_SUCCESS ? 1 : 0, comm, rank) == 0) return nullptr;
  std::vector<Place*> places;
  for (int r = 0; r < ranks; ++r) {
    MPI_Aint bytes = 0;
    int unit = 0;
    void* place = nullptr;
    check(MPI_Win_shared_query(window, r, &bytes, &unit, &place), kOperation, rank);
    places.push_back(static_cast<Place*>(place));
  }
  std::ranges::for_each(places[static_cast<std::size_t>(rank)]->done,
                        [](Counter& counter) { new (&counter) Counter; });
  check(MPI_Barrier(comm), kOperation, rank);
  return std::unique_ptr<SharedMemory>(new SharedMemory(window, rank, std::move(places)));
}

SharedMemory::SharedMemory(MPI_Win window, int rank, std::vector<Place*> places)
    : window_(window), rank_(rank), places_(std::move(places)) {}

SharedMemory::~SharedMemory() { MPI_Win_free(&window_); }

std::byte* SharedMemory::slot(int rank) const {
  return places_[static_cast<std::size_t>(rank)]->slots[turn_ % kSlots].data();
}

SharedMemory::Counter& SharedMemory::counter(int rank, Done done) const {
  return places_[static_cast<std::size_t>(rank)]->done[static_cast<std::size_t>(done)];
}

// A slot may be filled again once all have read what was in it.
void SharedMemory::begin_turn() {
  ++turn_;
  for (int r = 0; r < ranks() && turn_ > kSlots; ++r) {
    wait_until(counter(r, Done::reading), turn_ - kSlots);
  }
}

void SharedMemory::tell(Done done, std::uint64_t value) {
  Counter& own = counter(rank_, done);
  own.values[turn_ % kSlots] = value;
  own.turn.store(turn_, std::memory_order_release);
}

std::uint64_t SharedMemory::wait_for(int rank, Done done) const {
  const Counter& other = counter(rank, done);
  wait_until(other, turn_);
  return other.values[turn_ % kSlots];
}

// Others may need this core to get there, so it waits by itself for as long as that takes nothing.
void SharedMemory::wait_until(const Counter& counter, std::uint64_t turn) const {
  constexpr int kPatience = 20;
  for (int tries = 0; counter.turn.load(std::memory_order_acquire) < turn; ++tries) {
    if (tries < kPatience) {
      hwy::Pause();
    } else {
      sched_yield();
    }
  }
}

}  // namespace pith::mpi
