// SPDX-License-Identifier: Apache-2.0
#include "nccl/fake.h"

#include <map>
#include <mutex>

#include "nccl/collective.h"

namespace pith::test {

// Of all ranks. The lock is taken by ranks' threads, and by whoever runs a stream.
struct FakeNccl::World {
  std::recursive_mutex mutex;
  std::map<int, std::vector<std::string>> calls;
  std::map<int, std::vector<cudaStream_t>> streams;
  std::map<int, ncclComm_t> ranks;
  std::vector<std::shared_ptr<Meeting>> meetings;
  int joined = 0;
  bool has_network = true;
};

namespace {

std::shared_ptr<FakeNccl::World> current;

}  // namespace
}  // namespace pith::test

// A rank.
struct ncclComm {
  int rank = 0;
  int size = 1;
  ncclResult_t error = ncclSuccess;
  bool aborted = false;
  bool busy = false;  // with a call that has not been asked after
  std::size_t launched = 0;
  std::vector<pith::test::Operator> operators = {};
  std::shared_ptr<pith::test::FakeNccl::World> world = {};  // keeps it
};

namespace pith::test {
namespace {

using Lock = std::lock_guard<std::recursive_mutex>;

struct Group {
  int depth = 0;
  ncclComm_t comm = nullptr;
  cudaStream_t stream = nullptr;
  std::vector<Operation> operations;
};

thread_local Group group;
thread_local int thread_rank = 0;  // which calls without a communicator are of

void note(int rank, std::string call) { current->calls[rank].push_back(std::move(call)); }

bool somebody_is_gone(const FakeNccl::World& world) {
  for (const auto& [rank, comm] : world.ranks) {
    if (comm->aborted || comm->error != ncclSuccess) return true;
  }
  return false;
}

// Whether the rank's stream may go on: all are there, or it was given up.
bool may_meet(ncclComm_t comm, const Meeting& meeting) {
  const Lock lock(comm->world->mutex);
  if (comm->aborted) return true;
  return !somebody_is_gone(*comm->world) && meeting.is_complete(comm->rank);
}

void meet(ncclComm_t comm, Meeting& meeting) {
  const Lock lock(comm->world->mutex);
  if (comm->aborted || meeting.carry_out(comm->rank)) return;
  for (const auto& [rank, other] : comm->world->ranks) other->error = ncclInvalidUsage;
}

std::shared_ptr<Meeting> next_meeting(ncclComm_t comm, std::vector<Operation> operations) {
  const Lock lock(comm->world->mutex);
  if (comm->aborted || comm->error != ncclSuccess) return nullptr;
  auto& meetings = comm->world->meetings;
  const std::size_t number = comm->launched++;
  if (number == meetings.size()) meetings.push_back(std::make_shared<Meeting>(comm->size));
  meetings[number]->bring(comm->rank, std::move(operations));
  comm->busy = true;
  return meetings[number];
}

// The rank's part of a meeting, where its stream is now. Who runs a stream takes the lock behind
// the device's, so here it is not held.
ncclResult_t launch(ncclComm_t comm, std::vector<Operation> operations, cudaStream_t stream) {
  const auto meeting = next_meeting(comm, std::move(operations));
  if (!meeting) return ncclInvalidUsage;
  emulation::enqueue(stream, [meeting, rank = comm->rank] { meeting->arrive(rank); });
  emulation::enqueue(
      stream, [=] { meet(comm, *meeting); }, [=] { return may_meet(comm, *meeting); });
  return ncclInProgress;
}

ncclResult_t call(ncclComm_t comm, Operation operation, cudaStream_t stream) {
  {
    const Lock lock(current->mutex);
    note(comm->rank, operation.text());
    current->streams[comm->rank].push_back(stream);
  }
  if (group.depth == 0) return launch(comm, {std::move(operation)}, stream);
  group.comm = comm;
  group.stream = stream;
  group.operations.push_back(std::move(operation));
  return ncclSuccess;
}

Operator operator_of(ncclComm_t comm, ncclRedOp_t op) {
  if (op == ncclSum) return {};
  return comm->operators.at(static_cast<std::size_t>(op) - ncclNumOps);
}

ncclResult_t get_version(int* version) {
  *version = NCCL_VERSION_CODE;
  return ncclSuccess;
}

const char* get_error_string(ncclResult_t result) {
  if (result == ncclSystemError) return "no network";
  return result == ncclRemoteError ? "a peer has failed" : "the calls do not fit";
}

ncclResult_t get_unique_id(ncclUniqueId* id) {
  *id = {"fake"};
  return current->has_network ? ncclSuccess : ncclSystemError;
}

ncclResult_t init(ncclComm_t* comm, int size, ncclUniqueId id, int rank, ncclConfig_t* config) {
  const Lock lock(current->mutex);
  thread_rank = rank;
  note(rank, "CommInitRankConfig " + std::to_string(size) + " " + id.internal +
                 (config->blocking == 0 ? " nonblocking" : " blocking"));
  *comm = current->ranks[rank] = new ncclComm{.rank = rank, .size = size, .world = current};
  ++current->joined;
  return ncclInProgress;
}

ncclResult_t get_async_error(ncclComm_t comm, ncclResult_t* state) {
  const Lock lock(comm->world->mutex);
  *state = comm->error;
  if (comm->error != ncclSuccess) return ncclSuccess;
  if (comm->world->joined < comm->size || std::exchange(comm->busy, false)) *state = ncclInProgress;
  return ncclSuccess;
}

ncclResult_t finalize(ncclComm_t comm) {
  const Lock lock(comm->world->mutex);
  note(comm->rank, "CommFinalize");
  comm->busy = true;
  return ncclInProgress;
}

ncclResult_t destroy(ncclComm_t comm) {
  const Lock lock(comm->world->mutex);
  note(comm->rank, "CommDestroy");
  return ncclSuccess;
}

ncclResult_t abort(ncclComm_t comm) {
  const Lock lock(comm->world->mutex);
  note(comm->rank, "CommAbort");
  comm->aborted = true;
  return ncclSuccess;
}

ncclResult_t all_reduce(const void* from, void* to, std::size_t count, ncclDataType_t type,
                        ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) {
  return call(comm, {Kind::all_reduce, from, to, count, type, operator_of(comm, op)}, stream);
}

ncclResult_t reduce_scatter(const void* from, void* to, std::size_t count, ncclDataType_t type,
                            ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) {
  return call(comm, {Kind::reduce_scatter, from, to, count, type, operator_of(comm, op)}, stream);
}

ncclResult_t all_gather(const void* from, void* to, std::size_t count, ncclDataType_t type,
                        ncclComm_t comm, cudaStream_t stream) {
  return call(comm, {Kind::all_gather, from, to, count, type}, stream);
}

ncclResult_t broadcast(const void* from, void* to, std::size_t count, ncclDataType_t type, int root,
                       ncclComm_t comm, cudaStream_t stream) {
  return call(comm, {Kind::broadcast, from, to, count, type, {}, root}, stream);
}

ncclResult_t send(const void* from, std::size_t count, ncclDataType_t type, int peer,
                  ncclComm_t comm, cudaStream_t stream) {
  return call(comm, {Kind::send, from, nullptr, count, type, {}, peer}, stream);
}

ncclResult_t recv(void* to, std::size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                  cudaStream_t stream) {
  return call(comm, {Kind::recv, nullptr, to, count, type, {}, peer}, stream);
}

ncclResult_t group_start() {
  const Lock lock(current->mutex);
  note(thread_rank, "GroupStart");
  ++group.depth;
  return ncclSuccess;
}

ncclResult_t group_end() {
  {
    const Lock lock(current->mutex);
    note(thread_rank, "GroupEnd");
  }
  if (--group.depth > 0 || group.operations.empty()) return ncclSuccess;
  return launch(group.comm, std::exchange(group.operations, {}), group.stream);
}

ncclResult_t create_pre_mul_sum(ncclRedOp_t* op, void* scalar, ncclDataType_t type,
                                ncclScalarResidence_t residence, ncclComm_t comm) {
  const Lock lock(current->mutex);
  if (residence != ncclScalarHostImmediate) return ncclInvalidArgument;
  const Operator made{.multiplies = true, .factor = number_of(scalar, type, 0), .type = type};
  note(comm->rank, "RedOpCreatePreMulSum " + made.text());
  *op = static_cast<ncclRedOp_t>(ncclNumOps + comm->operators.size());
  comm->operators.push_back(made);
  return ncclSuccess;
}

ncclResult_t destroy_op(ncclRedOp_t op, ncclComm_t comm) {
  const Lock lock(current->mutex);
  note(comm->rank, "RedOpDestroy " + operator_of(comm, op).text());
  return ncclSuccess;
}

constexpr nccl::Library kLibrary{
    .get_version = get_version,
    .get_error_string = get_error_string,
    .get_unique_id = get_unique_id,
    .comm_init_rank_config = init,
    .comm_get_async_error = get_async_error,
    .comm_finalize = finalize,
    .comm_destroy = destroy,
    .comm_abort = abort,
    .all_reduce = all_reduce,
    .reduce_scatter = reduce_scatter,
    .all_gather = all_gather,
    .broadcast = broadcast,
    .send = send,
    .recv = recv,
    .group_start = group_start,
    .group_end = group_end,
    .red_op_create_pre_mul_sum = create_pre_mul_sum,
    .red_op_destroy = destroy_op,
};

}  // namespace

FakeNccl::FakeNccl() : world_(std::make_shared<World>()) { current = world_; }

// Streams may still know the ranks; by now nothing is left in them.
FakeNccl::~FakeNccl() {
  for (const auto& [rank, comm] : world_->ranks) delete comm;
  world_->ranks.clear();
  current.reset();
}

const nccl::Library& FakeNccl::library() const { return kLibrary; }

std::vector<std::string> FakeNccl::calls(int rank) const {
  const Lock lock(world_->mutex);
  return world_->calls[rank];
}

std::vector<cudaStream_t> FakeNccl::streams(int rank) const {
  const Lock lock(world_->mutex);
  return world_->streams[rank];
}

void FakeNccl::lose_network() { world_->has_network = false; }

void FakeNccl::fail(int rank) {
  const Lock lock(world_->mutex);
  world_->ranks.at(rank)->error = ncclRemoteError;
}

}  // namespace pith::test
