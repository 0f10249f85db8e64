// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdio>
#include <new>
#include <string>

#include <fcntl.h>
#include <hwy/cache_control.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pith/core/environment.h>
#include <pith/core/error.h>
#include <pith/core/log.h>
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

using Name = std::array<char, 64>;

// Its name, or none. All of it is there from the start: to run out of it later would be a signal.
Name make_file(std::size_t bytes) {
  static std::atomic<int> made = 0;
  Name name = {};
  std::snprintf(name.data(), name.size(), "/pith-%d-%d", static_cast<int>(getpid()), made++);
  const int file = shm_open(name.data(), O_CREAT | O_EXCL | O_RDWR, S_IRUSR | S_IWUSR);
  if (file < 0) return {};
  const bool there = posix_fallocate(file, 0, static_cast<off_t>(bytes)) == 0;
  close(file);
  if (there) return name;
  shm_unlink(name.data());
  return {};
}

// Null if there is no such file, as where ranks of one node have no common /dev/shm.
void* map_file(const char* name, std::size_t bytes) {
  const int file = shm_open(name, O_RDWR, 0);
  if (file < 0) return nullptr;
  void* const memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

struct alignas(kLine) SharedMemory::Counter {
  std::atomic<std::uint64_t> turn = 0;
  std::array<std::uint64_t, kSlots> values = {};                   // told in the turn of a slot
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);  // and so between processes
};

struct SharedMemory::Place {
  std::array<Counter, 3> done;  // one for each Done
  alignas(4096) std::array<std::array<std::byte, kSlotBytes>, kSlots> slots;
};

// Rank 0 makes the memory and takes its name away again as soon as all have it, so that nothing is
// left behind however the job ends.
std::unique_ptr<SharedMemory> SharedMemory::open(MPI_Comm comm) {
  int rank = 0;
  int ranks = 0;
  MPI_Comm_rank(comm, &rank);
  MPI_Comm_size(comm, &ranks);
  const int allowed = smallest(wish(), comm, rank);
  if (allowed < 0) throw UsageError("PITH_SHARED_MEMORY must be on or off, on every rank");
  if (allowed == 0 || !on_one_node(comm, rank, ranks)) return nullptr;
  const std::size_t bytes = sizeof(Place) * static_cast<std::size_t>(ranks);
  Name name = {};
  if (rank == 0) name = make_file(bytes);
  check(MPI_Bcast(name.data(), static_cast<int>(name.size()), MPI_CHAR, 0, comm), kOperation, rank);
  void* const memory = name.front() == 0 ? nullptr : map_file(name.data(), bytes);
  std::unique_ptr<SharedMemory> all;
  if (memory) all.reset(new SharedMemory(comm, rank, ranks, memory));
  const bool everywhere = smallest(memory ? 1 : 0, comm, rank) == 1;
  if (rank == 0) {
    if (name.front() != 0) shm_unlink(name.data());
    log(LogLevel::info, "MPI",
        everywhere ? "means of " + std::to_string(ranks) + " ranks go through shared memory"
                   : "no shared memory to be had, means go through MPI_Allreduce");
  }
  if (!everywhere) return nullptr;
  return all;
}

SharedMemory::SharedMemory(MPI_Comm comm, int rank, int ranks, void* memory)
    : comm_(comm), rank_(rank), ranks_(ranks), places_(static_cast<Place*>(memory)) {
  for (Counter& counter : places_[rank].done) new (&counter) Counter;
}

SharedMemory::~SharedMemory() { munmap(places_, sizeof(Place) * static_cast<std::size_t>(ranks_)); }

std::byte* SharedMemory::slot(int rank) const { return places_[rank].slots[turn_ % kSlots].data(); }

SharedMemory::Counter& SharedMemory::counter(int rank, Done done) const {
  return places_[rank].done[static_cast<std::size_t>(done)];
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

// Others may need this core to get there, or what this rank has begun to send them, so it waits by
// itself for as long as that takes nothing.
void SharedMemory::wait_until(const Counter& counter, std::uint64_t turn) const {
  constexpr int kPatience = 20;
  constexpr int kProgress = 256;
  for (int tries = 1; counter.turn.load(std::memory_order_acquire) < turn; ++tries) {
    if (tries <= kPatience) {
      hwy::Pause();
    } else if (tries % kProgress != 0) {
      sched_yield();
    } else {
      int any = 0;
      check(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm_, &any, MPI_STATUS_IGNORE), kOperation,
            rank_);
    }
  }
}

}  // namespace pith::mpi
