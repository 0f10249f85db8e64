// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string_view>

#include <pith/comm/communicator.h>

namespace fashion_mnist {

using Body = std::function<void(pith::Communicator&)>;

/// Runs `body` on `ranks` ranks as threads and returns the exit code: 0, 64 for a usage error, 1
/// for any other. A message is printed once.
int run_as_threads(int ranks, const Body& body);

/// Runs `body` on this rank of MPI's world. A usage error, which by contract all ranks meet, is
/// printed by the first and ends the job in order; anything else aborts it.
int run_under_mpi(int& argc, char**& argv, const Body& body);

/// Runs `work`, which must not communicate. If it throws on some rank, every rank throws a
/// pith::UsageError with the first such rank and its message, so that nobody waits for it.
void on_every_rank(pith::Communicator& communicator, const std::function<void()>& work);

/// Prints "fashion_mnist: <message>" to the standard error.
void print_error(std::string_view message);

}  // namespace fashion_mnist
