// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <pith/collectives/device_average.cuh>
#include <pith/collectives/device_exchange.h>
#include <pith/comm/communicator.h>
#include <pith/core/bytes.h>
#include <pith/core/error.h>
#include <pith/feedback/device_feedback.h>

namespace pith {
namespace {

std::size_t ranks_of(const DeviceRound& round) {
  return static_cast<std::size_t>(round.communicator.size());
}

std::size_t rank_of(const DeviceRound& round) {
  return static_cast<std::size_t>(round.communicator.rank());
}

void check_fit(const char* operation, const DeviceSource& x, DeviceSpan<float> mean) {
  if (x.size == mean.size()) return;
  throw UsageError(std::string(operation) + ": a mean of " + std::to_string(mean.size()) +
                   " elements, " + std::to_string(x.size) + " are sent");
}

bool is_sent_from(const DeviceSource& x, DeviceSpan<float> mean) {
  return x.composing == Composing::gradient && x.gradient_scale == 1.0f &&
         x.gradient == mean.data();
}

// Places of one size, one behind the other, for segments that a tensor is cut into or that ranks
// send.
struct Places {
  Places(const DeviceMessageCompressor& compressor, Cuts cuts, const DeviceRound& round)
      : stride(compressor.place_bytes(cuts)),
        bytes(round.scratch.take<std::byte>(ranks_of(round) * stride)) {}

  DeviceSpan<std::byte> of(std::size_t r) const { return bytes.subspan(r * stride, stride); }

  std::size_t stride;
  DeviceSpan<std::byte> bytes;
};

void encode(const DeviceMessage& message, Cuts cuts, DeviceSpan<std::byte> bytes,
            std::size_t stride, const DeviceRound& round) {
  const DeviceWire wire{bytes, stride, round.scratch.take<std::uint64_t>(segments(cuts)),
                        round.fault};
  message.compressor.encode(message.source, cuts, message.key, wire, round.scratch, round.stream);
}

// All ranks' segments of the same elements.
void decode(const DeviceMessageCompressor& compressor, const Places& places, std::size_t first,
            DeviceSpan<float> mean, const DeviceRound& round) {
  std::vector<DeviceSegment> all;
  for (std::size_t r = 0; r < ranks_of(round); ++r) all.push_back({places.of(r), nullptr});
  compressor.decode_mean(all, first, round.divisor, mean, round.fault, round.scratch, round.stream);
}

std::vector<std::size_t> even_cuts(std::size_t n, std::size_t segments) {
  std::vector<std::size_t> cuts;
  for (std::size_t s = 0; s <= segments; ++s) cuts.push_back(block_start(n, segments, s));
  return cuts;
}

// mean = the sum of what all ranks send for this rank's shard / divisor
void reduce_shard(const DeviceMessage& worker, Cuts cuts, DeviceSpan<float> mean,
                  const DeviceRound& round) {
  const cuda::DeviceScratch::Frame frame(round.scratch);
  const Places out(worker.compressor, cuts, round);
  const Places in(worker.compressor, cuts, round);
  encode(worker, cuts, out.bytes, out.stride, round);
  round.communicator.all_to_all(out.bytes, in.bytes, round.stream);
  if (mean.empty()) return;
  decode(worker.compressor, in, cuts[rank_of(round)], mean, round);
}

// mean = the owners' messages one after the other
void gather_shards(const DeviceMessage& owner, Cuts cuts, DeviceSpan<float> mean,
                   const DeviceRound& round) {
  const std::size_t largest[] = {0, (mean.size() + ranks_of(round) - 1) / ranks_of(round)};
  const Places places(owner.compressor, largest, round);
  const auto mine = places.of(rank_of(round));
  const std::size_t whole[] = {0, owner.source.size};
  if (owner.source.size > 0) encode(owner, whole, mine, places.stride, round);
  round.communicator.all_gather(mine, places.bytes, round.stream);
  for (std::size_t r = 0; r < ranks_of(round); ++r) {
    const auto shard = mean.subspan(cuts[r], cuts[r + 1] - cuts[r]);
    const DeviceSegment segment{places.of(r), nullptr};
    if (shard.empty()) continue;
    owner.compressor.decode_mean({&segment, 1}, 0, 1.0f, shard, round.fault, round.scratch,
                                 round.stream);
  }
}

}  // namespace

void raw(const DeviceSource& x, ElementType type, DeviceSpan<float> mean,
         const DeviceRound& round) {
  check_fit("raw", x, mean);
  if (mean.empty()) return;
  if (type != ElementType::float32) return average_rounded(x, type, mean, round);
  if (!is_sent_from(x, mean)) send_exactly(x, mean, round.stream);
  average(mean, type, round);
}

void gather(const DeviceMessage& message, DeviceSpan<float> mean, const DeviceRound& round) {
  check_fit("gather", message.source, mean);
  if (mean.empty()) return;
  const cuda::DeviceScratch::Frame frame(round.scratch);
  const std::size_t whole[] = {0, mean.size()};
  const Places places(message.compressor, whole, round);
  const auto mine = places.of(rank_of(round));
  encode(message, whole, mine, places.stride, round);
  round.communicator.all_gather(mine, places.bytes, round.stream);
  decode(message.compressor, places, 0, mean, round);
}

void sharded(const DeviceMessage& worker, const DeviceMessage& owner, DeviceSpan<float> mean,
             const DeviceRound& round) {
  check_fit("sharded", worker.source, mean);
  if (mean.empty()) return;
  const cuda::DeviceScratch::Frame frame(round.scratch);
  const auto cuts = even_cuts(mean.size(), ranks_of(round));
  const std::size_t mine = cuts[rank_of(round) + 1] - cuts[rank_of(round)];
  const auto shard = round.scratch.take<float>(mine);
  reduce_shard(worker, cuts, shard, round);
  DeviceMessage of_shard = owner;
  of_shard.source.size = mine;
  of_shard.source.gradient = shard.data();
  gather_shards(of_shard, cuts, mean, round);
}

void linear(const DeviceSource& x, DeviceLinearCompressor& compressor, const RandomKey& key,
            DeviceSpan<float> mean, const DeviceRound& round) {
  check_fit("linear", x, mean);
  if (mean.empty()) return;
  for (int number = 0; number < compressor.rounds(); ++number) {
    const auto factor = round.scratch.take<float>(compressor.factor_elements(number));
    compressor.factor(number, x, key, factor, round.fault, round.scratch, round.stream);
    average(factor, compressor.factor_type(), round);
  }
  compressor.reconstruct(mean, round.stream);
}

}  // namespace pith
