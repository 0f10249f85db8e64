// SPDX-License-Identifier: Apache-2.0
#include "cuda_runtime.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

struct Work {
  std::function<void()> body;
  std::function<bool()> ready;  // null: at once
  std::size_t turn = 0;         // in which it was put there
};

struct CUgraph_st {
  std::deque<Work> work;
};

struct CUgraphExec_st {
  std::deque<Work> work;
};

struct CUstream_st {
  int device = 0;
  std::deque<Work> work;
  bool running = false;                  // further down this thread's stack
  std::unique_ptr<CUgraph_st> captured;  // while it is
};

// Lives on in the work that knows it when it is destroyed.
struct CUevent_st : std::enable_shared_from_this<CUevent_st> {
  std::shared_ptr<CUevent_st> owner;
  int device = 0;
  std::uint64_t recorded = 0;  // records that were asked for
  std::uint64_t reached = 0;   // and carried out
  CUstream_st* stream = nullptr;
  std::chrono::steady_clock::time_point when;
};

namespace {

constexpr int kDevices = 2;

struct Memory {
  std::size_t bytes;
  int device;  // -1: pinned
};

struct Machine {
  std::recursive_mutex mutex;
  std::map<const char*, Memory> memory;
  std::vector<CUstream_st*> streams;
  CUstream_st defaults[kDevices];
  std::size_t used[kDevices] = {};
  std::size_t limit[kDevices] = {emulation::kNoLimit, emulation::kNoLimit};
  std::size_t allocations = 0;
  std::size_t uses[kDevices] = {};
  bool old_driver = false;
  std::size_t turns = 0;
  bool turn_ends = false;            // somebody waits for what was put there in this turn
  cudaError_t failed = cudaSuccess;  // stays, as on a device
};

Machine& machine() {
  static Machine one;
  return one;
}

thread_local int device = 0;
thread_local int captures = 0;          // by this thread, which may not allocate then
thread_local bool invalidated = false;  // as it did
thread_local cudaError_t last = cudaSuccess;

cudaError_t result(cudaError_t code) {
  if (code != cudaSuccess) last = code;
  return code;
}

CUstream_st& stream_of(cudaStream_t stream) {
  const std::lock_guard lock(machine().mutex);
  if (stream && stream != cudaStreamPerThread) return *stream;
  machine().defaults[device].device = device;
  return machine().defaults[device];
}

void run_next(CUstream_st& stream) {
  const Work work = std::move(stream.work.front());
  stream.work.pop_front();
  machine().turn_ends |= work.turn == machine().turns;
  if (machine().failed != cudaSuccess) return;
  try {
    work.body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "emulated device: %s\n", error.what());
    machine().failed = cudaErrorLaunchFailure;
  }
}

bool is_ready(const Work& work) {
  return !work.ready || machine().failed != cudaSuccess || work.ready();
}

// Runs the stream until it is done, which is said, or stops.
template <class Done>
bool run_until(CUstream_st& stream, const Done& done) {
  if (stream.running) return done();
  stream.running = true;
  while (!done() && !stream.work.empty() && is_ready(stream.work.front())) run_next(stream);
  stream.running = false;
  return done();
}

bool run(CUstream_st& stream) {
  return run_until(stream, [&] { return stream.work.empty(); });
}

void run_all() {
  for (CUstream_st& stream : machine().defaults) run(stream);
  for (CUstream_st* stream : machine().streams) run(*stream);
}

// Whether it is done once all has run that can. Who asks waits, at once or by asking again.
template <class Done>
bool ask(const Done& done) {
  Machine& all = machine();
  const std::lock_guard lock(all.mutex);
  all.turn_ends = false;
  const bool is_done = done() || (run_all(), done());
  all.turns += all.turn_ends ? 1 : 0;
  return is_done;
}

// Waits for what may need other streams and other threads to go on.
template <class Done>
void wait_until(const Done& done) {
  while (!ask(done)) std::this_thread::sleep_for(std::chrono::microseconds(20));
}

// Runs the stream in which the event was recorded until it is reached.
bool reach(CUevent_st& event, std::uint64_t record) {
  const auto reached = [&] { return event.reached >= record; };
  // What fails drops all work, so what is behind it counts as reached.
  return reached() || machine().failed != cudaSuccess || run_until(*event.stream, reached);
}

cudaError_t allocate(void** memory, std::size_t bytes, int place) {
  Machine& all = machine();
  const std::lock_guard lock(all.mutex);
  if (captures > 0) {
    invalidated = true;
    return result(cudaErrorStreamCaptureUnsupported);
  }
  ++all.uses[device];
  if (place >= 0 && bytes > all.limit[place] - all.used[place]) {
    return result(cudaErrorMemoryAllocation);
  }
  ++all.allocations;
  *memory = ::operator new (bytes, std::align_val_t{256});
  std::memset(*memory, 0xa5, bytes);  // what nobody wrote is not zero
  all.memory[static_cast<const char*>(*memory)] = {bytes, place};
  if (place >= 0) all.used[place] += bytes;
  return cudaSuccess;
}

cudaError_t release(void* memory) {
  if (!memory) return cudaSuccess;
  Machine& all = machine();
  const std::lock_guard lock(all.mutex);
  const auto found = all.memory.find(static_cast<const char*>(memory));
  if (found == all.memory.end()) return result(cudaErrorInvalidValue);
  if (found->second.device >= 0) {
    run_all();  // for pinned memory nobody waits
    all.used[found->second.device] -= found->second.bytes;
  }
  std::memset(memory, 0x5a, found->second.bytes);  // who reads it later sees that
  asm volatile("" ::: "memory");
  all.memory.erase(found);
  ::operator delete (memory, std::align_val_t{256});
  return cudaSuccess;
}

}  // namespace

namespace emulation {

cudaError_t enqueue(cudaStream_t stream, std::function<void()> work, std::function<bool()> ready) {
  const std::lock_guard lock(machine().mutex);
  CUstream_st& place = stream_of(stream);
  ++machine().uses[place.device];
  auto& list = place.captured ? place.captured->work : place.work;
  list.push_back({std::move(work), std::move(ready), machine().turns});
  return cudaSuccess;
}

void limit_device_memory(int limited, std::size_t bytes) {
  Machine& all = machine();
  const std::lock_guard lock(all.mutex);
  all.limit[limited] = bytes == kNoLimit ? bytes : all.used[limited] + bytes;
}

std::size_t allocations() {
  const std::lock_guard lock(machine().mutex);
  return machine().allocations;
}

std::size_t uses(int used) {
  const std::lock_guard lock(machine().mutex);
  return machine().uses[used];
}

void make_driver_old(bool old) {
  const std::lock_guard lock(machine().mutex);
  machine().old_driver = old;
}

std::size_t turns() {
  const std::lock_guard lock(machine().mutex);
  return machine().turns;
}

}  // namespace emulation

cudaError_t cudaGetDeviceCount(int* count) {
  *count = kDevices;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* current) {
  *current = device;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int next) {
  if (next < 0 || next >= kDevices) return result(cudaErrorInvalidValue);
  device = next;
  const std::lock_guard lock(machine().mutex);
  ++machine().uses[next];
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** memory, std::size_t bytes) { return allocate(memory, bytes, device); }
cudaError_t cudaFree(void* memory) { return release(memory); }
cudaError_t cudaMallocHost(void** memory, std::size_t bytes) { return allocate(memory, bytes, -1); }
cudaError_t cudaFreeHost(void* memory) { return release(memory); }

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  return emulation::enqueue(stream, [=] { std::memmove(to, from, bytes); });
}

cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  return emulation::enqueue(stream, [=] { std::memset(to, value, bytes); });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* memory) {
  Machine& all = machine();
  const std::lock_guard lock(all.mutex);
  const auto* place = static_cast<const char*>(memory);
  auto found = all.memory.upper_bound(place);
  *attributes = {cudaMemoryTypeUnregistered, -1};
  if (found == all.memory.begin()) return cudaSuccess;
  --found;
  if (place >= found->first + found->second.bytes) return cudaSuccess;
  const int owner = found->second.device;
  *attributes = {owner < 0 ? cudaMemoryTypeHost : cudaMemoryTypeDevice, owner < 0 ? device : owner};
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const std::lock_guard lock(machine().mutex);
  *stream = new CUstream_st;
  (*stream)->device = device;
  ++machine().uses[device];
  machine().streams.push_back(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const std::lock_guard lock(machine().mutex);
  if (!run(*stream)) return cudaSuccess;  // goes on by itself, with nobody to put work there
  std::erase(machine().streams, stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  CUstream_st& place = stream_of(stream);
  if (place.captured) return result(cudaErrorStreamCaptureUnsupported);
  wait_until([&] { return run(place); });
  return result(machine().failed);
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  const std::lock_guard lock(machine().mutex);
  CUstream_st& place = stream_of(stream);
  if (place.captured) return result(cudaErrorStreamCaptureUnsupported);
  if (!ask([&] { return run(place); })) return cudaErrorNotReady;
  return result(machine().failed);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const std::lock_guard lock(machine().mutex);
  return emulation::enqueue(
      stream, [] {},
      [event = event->shared_from_this(), record = event->recorded] {
        return reach(*event, record);
      });
}

cudaError_t cudaStreamGetDevice(cudaStream_t stream, int* owner) {
  const std::lock_guard lock(machine().mutex);
  if (machine().old_driver) return result(cudaErrorCallRequiresNewerDriver);
  *owner = stream_of(stream).device;
  return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  const std::lock_guard lock(machine().mutex);
  stream_of(stream).captured = std::make_unique<CUgraph_st>();
  ++captures;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const std::lock_guard lock(machine().mutex);
  *graph = stream_of(stream).captured.release();
  --captures;
  if (!std::exchange(invalidated, false)) return cudaSuccess;
  delete std::exchange(*graph, nullptr);
  return result(cudaErrorStreamCaptureInvalidated);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t graph, unsigned long long) {
  *made = new CUgraphExec_st{graph->work};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  for (const Work& work : graph->work) emulation::enqueue(stream, work.body, work.ready);
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  const auto made = std::make_shared<CUevent_st>();
  made->owner = made;
  made->device = device;
  ++machine().uses[device];
  *event = made.get();
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const std::lock_guard lock(machine().mutex);
  event->owner.reset();
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const std::lock_guard lock(machine().mutex);
  if (event->device != stream_of(stream).device) return result(cudaErrorInvalidResourceHandle);
  event->stream = &stream_of(stream);
  const std::uint64_t record = ++event->recorded;
  return emulation::enqueue(stream, [event = event->shared_from_this(), record] {
    event->reached = record;
    event->when = std::chrono::steady_clock::now();
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  wait_until([&] { return reach(*event, event->recorded); });
  return result(machine().failed);
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  *milliseconds = std::chrono::duration<float, std::milli>(end->when - start->when).count();
  return cudaSuccess;
}

cudaError_t cudaGetLastError() { return std::exchange(last, cudaSuccess); }
