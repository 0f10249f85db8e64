// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <mpi.h>

#include <pith/core/error.h>
#include <pith/mpi/communicator.h>

namespace {

int injected = MPI_SUCCESS;  // what the calls below return instead of being made
int send_error = MPI_SUCCESS;
int receive_error = MPI_SUCCESS;  // what the status of a receive says
int types_alive = 0;

}  // namespace

// MPI's profiling interface: these take the place of MPI's own, which are still there as PMPI_.
extern "C" {

int MPI_Allreduce(const void* x, void* y, int n, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  return injected != MPI_SUCCESS ? injected : PMPI_Allreduce(x, y, n, type, op, comm);
}

int MPI_Reduce_scatter(const void* x, void* y, const int n[], MPI_Datatype type, MPI_Op op,
                       MPI_Comm comm) {
  return injected != MPI_SUCCESS ? injected : PMPI_Reduce_scatter(x, y, n, type, op, comm);
}

int MPI_Reduce(const void* x, void* y, int n, MPI_Datatype type, MPI_Op op, int root,
               MPI_Comm comm) {
  return injected != MPI_SUCCESS ? injected : PMPI_Reduce(x, y, n, type, op, root, comm);
}

int MPI_Allgatherv(const void* x, int n, MPI_Datatype x_type, void* y, const int ns[],
                   const int starts[], MPI_Datatype type, MPI_Comm comm) {
  return injected != MPI_SUCCESS ? injected
                                 : PMPI_Allgatherv(x, n, x_type, y, ns, starts, type, comm);
}

int MPI_Alltoallw(const void* x, const int x_ns[], const int x_starts[],
                  const MPI_Datatype x_types[], void* y, const int y_ns[], const int y_starts[],
                  const MPI_Datatype y_types[], MPI_Comm comm) {
  return injected != MPI_SUCCESS
             ? injected
             : PMPI_Alltoallw(x, x_ns, x_starts, x_types, y, y_ns, y_starts, y_types, comm);
}

int MPI_Irecv(void* x, int n, MPI_Datatype type, int from, int tag, MPI_Comm comm,
              MPI_Request* request) {
  return injected != MPI_SUCCESS ? injected : PMPI_Irecv(x, n, type, from, tag, comm, request);
}

int MPI_Isend(const void* x, int n, MPI_Datatype type, int to, int tag, MPI_Comm comm,
              MPI_Request* request) {
  return send_error != MPI_SUCCESS ? send_error : PMPI_Isend(x, n, type, to, tag, comm, request);
}

int MPI_Waitall(int n, MPI_Request requests[], MPI_Status statuses[]) {
  const int code = PMPI_Waitall(n, requests, statuses);
  if (receive_error == MPI_SUCCESS) return code;
  for (int i = 0; i < n; ++i) statuses[i].MPI_ERROR = i == 0 ? receive_error : MPI_ERR_PENDING;
  return MPI_ERR_IN_STATUS;
}

int MPI_Bcast(void* x, int n, MPI_Datatype type, int root, MPI_Comm comm) {
  return injected != MPI_SUCCESS ? injected : PMPI_Bcast(x, n, type, root, comm);
}

int MPI_Barrier(MPI_Comm comm) { return injected != MPI_SUCCESS ? injected : PMPI_Barrier(comm); }

int MPI_Comm_split(MPI_Comm comm, int color, int key, MPI_Comm* part) {
  return injected != MPI_SUCCESS ? injected : PMPI_Comm_split(comm, color, key, part);
}

int MPI_Type_contiguous(int n, MPI_Datatype part, MPI_Datatype* type) {
  ++types_alive;
  return PMPI_Type_contiguous(n, part, type);
}

int MPI_Type_create_struct(int n, const int lengths[], const MPI_Aint starts[],
                           const MPI_Datatype parts[], MPI_Datatype* type) {
  ++types_alive;
  return PMPI_Type_create_struct(n, lengths, starts, parts, type);
}

int MPI_Type_free(MPI_Datatype* type) {
  --types_alive;
  return PMPI_Type_free(type);
}

}  // extern "C"

namespace pith::test {
namespace {

/// Expects the TransportError that names the operation and the rank, and nothing counted, while
/// `injected_as` is an error.
void expect_transport_error(Communicator& comm, const std::string& operation,
                            const std::function<void()>& call, int& injected_as = injected) {
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(MPI_ERR_INTERN, text, &length);
  injected_as = MPI_ERR_INTERN;
  const auto before = comm.wire_bytes();
  try {
    call();
    ADD_FAILURE() << operation << " throws nothing";
  } catch (const TransportError& error) {
    EXPECT_EQ(error.what(), operation + " on rank " + std::to_string(comm.rank()) + ": " + text);
  }
  injected_as = MPI_SUCCESS;
  EXPECT_EQ(comm.wire_bytes(), before);
}

// Largest counts of 1000 and 1 take the two ways that each operation has.
TEST(MpiErrors, OfEveryOperationBecomeTransportErrors) {
  for (const std::size_t largest_count : {std::size_t{1000}, std::size_t{1}}) {
    mpi::Communicator comm(MPI_COMM_WORLD, largest_count);
    const auto p = static_cast<std::size_t>(comm.size());
    std::vector<float> x(2 * p);
    std::vector<float> block(2);
    const std::vector<std::byte> mine(2);
    std::vector<std::byte> all(2 * p);
    const auto gathered = std::span<const std::byte>(all);
    std::vector<std::byte> other(2 * p);
    expect_transport_error(comm, "all_reduce", [&] { comm.all_reduce(x); });
    expect_transport_error(comm, "reduce_scatter",
                           [&] { comm.reduce_scatter(std::span<const float>(x), block); });
    expect_transport_error(comm, "all_gather", [&] { comm.all_gather(mine, all); });
    expect_transport_error(comm, "all_to_all", [&] { comm.all_to_all(gathered, other); });
    expect_transport_error(comm, "broadcast", [&] { comm.broadcast(all, 0); });
    expect_transport_error(comm, "barrier", [&] { comm.barrier(); });
    expect_transport_error(comm, "split", [&] { comm.split(0, 0); });
    comm.barrier();
  }
}

// A few ranks send from each to all; what was posted before the error must not match what follows.
TEST(MpiErrors, OfDirectExchangesLeaveNothingPosted) {
  mpi::Communicator comm(MPI_COMM_WORLD);
  const auto p = static_cast<std::size_t>(comm.size());
  const auto own = static_cast<std::size_t>(comm.rank());
  if (p > mpi::DirectExchange::kMostRanks) GTEST_SKIP() << "so many ranks exchange otherwise";
  constexpr std::size_t kBlock = 100'000;
  const std::vector<std::byte> out(p * kBlock, std::byte(own + 1));
  std::vector<std::byte> abandoned(p * kBlock);
  std::vector<std::byte> in(p * kBlock);
  const auto exchange = [&] { comm.all_to_all(out, abandoned); };
  expect_transport_error(comm, "all_to_all", exchange, send_error);
  comm.barrier();  // all have met the error
  comm.all_to_all(out, in);
  for (std::size_t i = 0; i < in.size(); ++i) {
    const std::size_t r = i / kBlock;
    ASSERT_EQ(in[i], std::byte(r + 1)) << i;
    ASSERT_EQ(abandoned[i], r == own ? in[i] : std::byte{0}) << i;
  }
  expect_transport_error(comm, "all_to_all", exchange, receive_error);
}

TEST(MpiCommunicator, FreesEveryTypeThatItMakes) {
  mpi::Communicator comm(MPI_COMM_WORLD, 3);
  const auto p = static_cast<std::size_t>(comm.size());
  const std::vector<std::byte> out(10 * p);
  std::vector<std::byte> in(10 * p);
  comm.all_to_all(out, in);
  EXPECT_EQ(types_alive, 0);
}

}  // namespace
}  // namespace pith::test
