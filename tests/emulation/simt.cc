// SPDX-License-Identifier: Apache-2.0
#include "simt.h"

#include <algorithm>
#include <bit>
#include <boost/context/fiber.hpp>
#include <boost/context/pooled_fixedsize_stack.hpp>
#include <stdexcept>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define PITH_SIMT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PITH_SIMT_ASAN 1
#endif
#endif
#ifdef PITH_SIMT_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

simt::Index threadIdx;
simt::Index blockIdx;
simt::Extent blockDim;
simt::Extent gridDim;

namespace simt {
namespace {

constexpr std::size_t kStackBytes = 128 * 1024;

// The sanitizer has to be told on which stack it is.
class Stack {
 public:
#ifdef PITH_SIMT_ASAN
  void leave_for(const Stack& next, bool ends = false) {
    __sanitizer_start_switch_fiber(ends ? nullptr : &fake_, next.bottom_, next.size_);
  }
  void come_back(Stack& from) {
    __sanitizer_finish_switch_fiber(fake_, &from.bottom_, &from.size_);
  }
#else
  void leave_for(const Stack&, bool = false) {}
  void come_back(Stack&) {}
#endif
  void place(const void* bottom, std::size_t size) { bottom_ = bottom, size_ = size; }

 private:
  const void* bottom_ = nullptr;
  std::size_t size_ = 0;
  void* fake_ = nullptr;
};

struct Warp {
  Lanes given[2];
  unsigned arrived = 0;
  unsigned phase = 0;
};

struct Thread {
  boost::context::fiber fiber;
  boost::context::fiber scheduler;
  Stack stack;
  Index index;
  const unsigned* awaited = nullptr;  // waits as long as it is `seen`
  unsigned seen = 0;
  bool ended = false;

  bool can_go_on() const { return !ended && (!awaited || *awaited != seen); }
};

// The block that runs.
struct Block {
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  unsigned live = 0;
  unsigned arrived = 0;
  unsigned phase = 0;
  unsigned current = 0;
};

Block state;
// Every other kernel's threads run from the last to the first, so that each order is seen in which
// one may read what another has not written yet.
bool descending = false;
Stack scheduler_stack;

// Lets others run until they have gone on to the next phase.
void wait_while(const unsigned& phase, unsigned seen) {
  if (phase != seen) return;
  Thread& mine = state.threads[state.current];
  mine.awaited = &phase;
  mine.seen = seen;
  mine.stack.leave_for(scheduler_stack);
  mine.scheduler = std::move(mine.scheduler).resume();
  mine.stack.come_back(scheduler_stack);
}

void release_if_all_wait() {
  if (state.live == 0 || state.arrived < state.live) return;
  state.arrived = 0;
  ++state.phase;
}

boost::context::fiber make_fiber(Thread& mine, const std::function<void()>& body,
                                 boost::context::pooled_fixedsize_stack& stacks) {
  auto memory = stacks.allocate();
  mine.stack.place(static_cast<char*>(memory.sp) - memory.size, memory.size);
  return {std::allocator_arg, boost::context::preallocated(memory.sp, memory.size, memory), stacks,
          [&mine, &body](boost::context::fiber&& scheduler) {
            mine.scheduler = std::move(scheduler);
            mine.stack.come_back(scheduler_stack);
            body();
            mine.ended = true;
            --state.live;
            release_if_all_wait();
            mine.stack.leave_for(scheduler_stack, true);
            return std::move(mine.scheduler);
          }};
}

void resume(Thread& next) {
  threadIdx = next.index;
  scheduler_stack.leave_for(next.stack);
  next.fiber = std::move(next.fiber).resume();
  scheduler_stack.come_back(next.stack);
}

void run_block(const std::function<void()>& body, boost::context::pooled_fixedsize_stack& stacks) {
  const unsigned count = blockDim.x;
  state = {};
  state.threads = std::vector<Thread>(count);
  state.warps = std::vector<Warp>((count + kWarp - 1) / kWarp);
  state.live = count;
  for (unsigned t = 0; t < count; ++t) {
    Thread& next = state.threads[t];
    next.index = {t};
    next.fiber = make_fiber(next, body, stacks);
  }
  while (state.live > 0) {
    bool progress = false;
    for (unsigned turn = 0; turn < count; ++turn) {
      const unsigned t = descending ? count - 1 - turn : turn;
      if (!state.threads[t].can_go_on()) continue;
      state.current = t;
      resume(state.threads[t]);
      progress = true;
    }
    if (!progress) throw std::logic_error("simt: threads of a block wait for ever");
  }
}

}  // namespace

void run(Extent grid, Extent size, const std::function<void()>& body) {
  descending = !descending;
  static boost::context::pooled_fixedsize_stack stacks(kStackBytes);  // kept, as they are dear
  gridDim = grid;
  blockDim = size;
  for (blockIdx.x = 0; blockIdx.x < grid.x; ++blockIdx.x) run_block(body, stacks);
}

void sync_threads() {
  const unsigned mine = state.phase;
  ++state.arrived;
  release_if_all_wait();
  wait_while(state.phase, mine);
}

const Lanes& exchange(unsigned mask, std::uint64_t value) {
  const unsigned lane = state.current % kWarp;
  Warp& warp = state.warps[state.current / kWarp];
  if ((mask >> lane & 1) == 0) throw std::logic_error("simt: a lane outside of its own mask");
  const unsigned phase = warp.phase;
  Lanes& given = warp.given[phase % 2];
  given.values[lane] = value;
  warp.arrived |= 1u << lane;
  if (warp.arrived == mask) {
    warp.arrived = 0;
    ++warp.phase;
  }
  wait_while(warp.phase, phase);
  return given;
}

}  // namespace simt
