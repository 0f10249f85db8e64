// SPDX-License-Identifier: Apache-2.0
#include <numeric>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <pith/core/error.h>
#include <pith/mpi/check.h>
#include <pith/mpi/communicator.h>

#include "support/communicator_contract.h"

namespace pith::test {
namespace {

void expect_contract(Communicator& comm) {
  for (const Promise& promise : communicator_contract()) {
    SCOPED_TRACE(promise.name);
    promise.holds(comm);
  }
}

// With one element in each call every boundary is met, which the contract's sizes are too large
// for.
TEST(MpiCommunicator, SendsOneElementAtATime) {
  mpi::Communicator comm(MPI_COMM_WORLD, 1);
  const auto p = static_cast<std::size_t>(comm.size());
  const auto r = static_cast<std::size_t>(comm.rank());
  std::vector<double> x(11);
  std::iota(x.begin(), x.end(), 0.0);
  std::vector<double> block(block_start(11, p, r + 1) - block_start(11, p, r));
  comm.reduce_scatter(std::span<const double>(x), block);
  for (std::size_t i = 0; i < block.size(); ++i) {
    EXPECT_EQ(block[i], static_cast<double>(p * (block_start(11, p, r) + i)));
  }
  comm.all_reduce(x);
  for (std::size_t i = 0; i < x.size(); ++i) EXPECT_EQ(x[i], static_cast<double>(p * i));

  const std::vector<std::byte> mine(5, static_cast<std::byte>(r));
  std::vector<std::byte> all(5 * p);
  std::vector<std::byte> back(5 * p);
  comm.all_gather(mine, all);
  comm.all_to_all(all, back);
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], static_cast<std::byte>(i / 5));
  EXPECT_EQ(back, std::vector<std::byte>(5 * p, static_cast<std::byte>(r)));
}

// Rank 0 sends more than one call holds, every other rank sends and receives less.
TEST(MpiCommunicator, NeedsNoAgreementOnWhatIsLarge) {
  mpi::Communicator comm(MPI_COMM_WORLD, 100);
  const auto p = static_cast<std::size_t>(comm.size());
  const auto r = static_cast<std::size_t>(comm.rank());
  const std::vector<std::size_t> out_sizes(p, r == 0 ? 70 : 3);
  std::vector<std::size_t> in_sizes(p, 3);
  in_sizes[0] = 70;
  const std::vector<std::byte> out(out_sizes[0] * p, static_cast<std::byte>(r + 1));
  std::vector<std::byte> in(70 + 3 * (p - 1));
  comm.all_to_all_v(out, out_sizes, in, in_sizes);
  for (std::size_t i = 0; i < in.size(); ++i) {
    EXPECT_EQ(in[i], static_cast<std::byte>(i < 70 ? 1 : (i - 70) / 3 + 2));
  }
}

TEST(MpiCommunicator, OutlivesTheUsersCommunicator) {
  MPI_Comm user = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &user);
  mpi::Communicator comm(user);
  MPI_Comm_free(&user);
  expect_contract(comm);
}

TEST(MpiCommunicator, WorksOnAPartOfTheWorld) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm user = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, rank == 0 ? MPI_UNDEFINED : 0, -rank, &user);
  if (rank == 0) return;
  mpi::Communicator comm(user);
  EXPECT_EQ(comm.rank(), comm.size() - rank);
  expect_contract(comm);
  MPI_Comm_free(&user);
}

TEST(MpiCommunicator, NeverMatchesAPendingReceiveOfTheUser) {
  int caught = -1;
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Irecv(&caught, 1, MPI_INT, MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &request);
  mpi::Communicator comm(MPI_COMM_WORLD);
  expect_contract(comm);
  int done = 0;
  MPI_Test(&request, &done, MPI_STATUS_IGNORE);
  EXPECT_EQ(done, 0);
  comm.barrier();

  const int next = (comm.rank() + 1) % comm.size();
  const int number = 77;
  MPI_Send(&number, 1, MPI_INT, next, 5, MPI_COMM_WORLD);
  MPI_Wait(&request, MPI_STATUS_IGNORE);
  EXPECT_EQ(caught, 77);
}

void tally(MPI_Comm*, int*, ...) {}

TEST(MpiCommunicator, LeavesTheUsersErrorHandlerAlone) {
  MPI_Comm user = MPI_COMM_NULL;
  MPI_Comm_dup(MPI_COMM_WORLD, &user);
  MPI_Errhandler handler = MPI_ERRHANDLER_NULL;
  MPI_Comm_create_errhandler(tally, &handler);
  MPI_Comm_set_errhandler(user, handler);
  {
    mpi::Communicator comm(user);
    comm.barrier();
  }
  MPI_Errhandler after = MPI_ERRHANDLER_NULL;
  MPI_Comm_get_errhandler(user, &after);
  EXPECT_EQ(after, handler);
  MPI_Errhandler_free(&after);
  MPI_Errhandler_free(&handler);
  MPI_Comm_free(&user);
}

// Each pair has a root that sends more than the other takes, which MPI reports to the other.
TEST(MpiCommunicator, TurnsErrorsOfMpiIntoTransportErrors) {
  mpi::Communicator comm(MPI_COMM_WORLD);
  const auto pair = comm.split(comm.rank() / 2, 0);
  if (pair->size() < 2) return;
  std::vector<std::byte> x(pair->rank() == 0 ? 100 : 50);
  if (pair->rank() == 0) return pair->broadcast(x, 0);
  try {
    pair->broadcast(x, 0);
    FAIL();
  } catch (const TransportError& error) {
    EXPECT_THAT(error.what(), testing::StartsWith("broadcast on rank 1: "));
    EXPECT_THAT(error.what(), testing::HasSubstr("truncated"));
  }
}

TEST(MpiCheck, TellsTheOperationTheRankAndTheTextOfMpi) {
  EXPECT_NO_THROW(mpi::check(MPI_SUCCESS, "barrier", 3));
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(MPI_ERR_TRUNCATE, text, &length);
  try {
    mpi::check(MPI_ERR_TRUNCATE, "barrier", 3);
    FAIL();
  } catch (const TransportError& error) {
    EXPECT_EQ(error.what(), "barrier on rank 3: " + std::string(text));
  }
}

TEST(MpiCommunicator, RefusesNoCommunicator) {
  EXPECT_THROW(mpi::Communicator(MPI_COMM_NULL), UsageError);
}

TEST(MpiCommunicator, RefusesCountsThatAreNotAnInt) {
  EXPECT_THROW(mpi::Communicator(MPI_COMM_WORLD, 0), UsageError);
  EXPECT_THROW(mpi::Communicator(MPI_COMM_WORLD, std::size_t{1} << 31), UsageError);
}

TEST(MpiCommunicator, RefusesAnIntercommunicator) {
  int rank = 0;
  int size = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size < 2) GTEST_SKIP() << "needs two groups";
  MPI_Comm half = MPI_COMM_NULL;
  MPI_Comm inter = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, rank == 0 ? 0 : 1, 0, &half);
  MPI_Intercomm_create(half, 0, MPI_COMM_WORLD, rank == 0 ? 1 : 0, 0, &inter);
  EXPECT_THROW(mpi::Communicator{inter}, UsageError);
  MPI_Comm_free(&inter);
  MPI_Comm_free(&half);
}

}  // namespace
}  // namespace pith::test
