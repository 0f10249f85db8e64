// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/mpi/check.h>
#include <pith/mpi/direct_exchange.h>

namespace pith::mpi {
namespace {

constexpr int kTag = 1;

}  // namespace

DirectExchange::DirectExchange(MPI_Comm comm, int rank, int ranks, std::size_t piece_bytes)
    : comm_(comm), rank_(rank), ranks_(ranks), piece_bytes_(std::min(piece_bytes, kPieceBytes)) {}

void DirectExchange::run(std::span<const std::span<const std::byte>> out,
                         std::span<const std::span<std::byte>> in, const char* operation) {
  out_ = out;
  in_ = in;
  operation_ = operation;
  try {
    run();
  } catch (...) {
    abandon();
    throw;
  }
}

void DirectExchange::run() {
  std::size_t most = 0;
  for (std::size_t r = 0; r < out_.size(); ++r) most = std::max(most, chunks(out_[r], in_[r]));
  receive(0);
  receive(1);
  for (std::size_t c = 0; c < most; ++c) {
    receive(c + 2);
    send(c);
    if (c > 0) wait(c - 1);
  }
  if (most > 0) wait(most - 1);
}

// So that what comes later does not end in the blocks of this operation.
void DirectExchange::abandon() {
  for (Requests& requests : requests_) {
    for (MPI_Request& request : requests) {
      if (request == MPI_REQUEST_NULL) continue;
      MPI_Cancel(&request);
      MPI_Request_free(&request);
    }
    requests.clear();
  }
}

// Between two ranks as many chunks go both ways, so that each tells of the other's receives.
std::size_t DirectExchange::chunks(std::span<const std::byte> out, std::span<std::byte> in) const {
  return (std::max(out.size(), in.size()) + chunk_bytes() - 1) / chunk_bytes();
}

template <class Byte, class Begin>
void DirectExchange::in_pieces(std::span<const std::span<Byte>> blocks, int rank, std::size_t chunk,
                               const Begin& begin) {
  const auto r = static_cast<std::size_t>(rank);
  if (chunk >= chunks(out_[r], in_[r])) return;
  const auto block = blocks[r];
  std::size_t first = std::min(chunk * chunk_bytes(), block.size());
  const std::size_t last = std::min(first + chunk_bytes(), block.size());
  do {
    const std::size_t n = std::min(piece_bytes_, last - first);
    MPI_Request& request = of(chunk).emplace_back(MPI_REQUEST_NULL);
    check(begin(block.data() + first, static_cast<int>(n), &request), operation_, rank_);
    first += n;
  } while (first < last);
}

void DirectExchange::receive(std::size_t chunk) {
  for (int k = 1; k < ranks_; ++k) {
    const int from = (rank_ + ranks_ - k) % ranks_;
    in_pieces(in_, from, chunk, [&](std::byte* piece, int n, MPI_Request* request) {
      return MPI_Irecv(piece, n, MPI_BYTE, from, kTag, comm_, request);
    });
  }
}

void DirectExchange::send(std::size_t chunk) {
  for (int k = 1; k < ranks_; ++k) {
    const int to = (rank_ + k) % ranks_;
    in_pieces(out_, to, chunk, [&](const std::byte* piece, int n, MPI_Request* request) {
      return MPI_Isend(piece, n, MPI_BYTE, to, kTag, comm_, request);
    });
  }
}

void DirectExchange::wait(std::size_t chunk) {
  Requests& requests = of(chunk);
  statuses_.resize(requests.size());
  const int code =
      MPI_Waitall(static_cast<int>(requests.size()), requests.data(), statuses_.data());
  if (code == MPI_ERR_IN_STATUS) {
    for (const MPI_Status& status : statuses_) {
      if (status.MPI_ERROR != MPI_ERR_PENDING) check(status.MPI_ERROR, operation_, rank_);
    }
  }
  check(code, operation_, rank_);
  requests.clear();
}

}  // namespace pith::mpi
