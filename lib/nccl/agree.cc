// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <pith/core/error.h>
#include <pith/cuda/stream.h>
#include <pith/nccl/agree.cuh>
#include <pith/nccl/library.cuh>

namespace pith::nccl {
namespace {

// What one rank brings: the id if it is rank 0's, or what keeps it from taking part.
struct Offer {
  UniqueId id{};
  char reason[384] = "";
};

void refuse(Offer& offer, std::string_view reason) {
  const auto kept = reason.substr(0, sizeof(offer.reason) - 1);
  std::ranges::copy(kept, offer.reason);
}

Offer make_offer(int rank, const Options& options) {
  Offer offer;
  try {
    if (!options.library) real();
    if (cuda::devices() == 0) throw UsageError("no GPU is found");
    if (rank == 0) offer.id = make_unique_id(options);
  } catch (const Error& error) {
    refuse(offer, error.what());
  }
  return offer;
}

}  // namespace

UniqueId agree(pith::Communicator& ranks, const Options& options) {
  const Offer mine = make_offer(ranks.rank(), options);
  std::vector<Offer> all(static_cast<std::size_t>(ranks.size()));
  ranks.all_gather(std::as_bytes(std::span(&mine, 1)), std::as_writable_bytes(std::span(all)));
  for (std::size_t r = 0; r < all.size(); ++r) {
    if (all[r].reason[0] == '\0') continue;
    throw UsageError("nccl::Communicator: rank " + std::to_string(r) + ": " + all[r].reason);
  }
  return all.front().id;
}

}  // namespace pith::nccl
