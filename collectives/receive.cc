// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <string>

#include <pith/collectives/receive.h>
#include <pith/core/bytes.h>
#include <pith/core/error.h>
#include <pith/core/hash.h>

namespace pith {
namespace {

struct SizeRecord {
  std::uint64_t bytes = 0;
  std::uint64_t signature = 0;
};
static_assert(sizeof(SizeRecord) == kSizeRecordBytes);

std::uint64_t signature_of(const Round& round) {
  const std::uint64_t fields[] = {round.config, round.sequence, round.step.step, round.epoch,
                                  round.bucket};
  return hash(std::as_bytes(std::span(fields)));
}

std::string text_of(const Round& round) {
  return "bucket " + std::to_string(round.bucket) + ", step " + std::to_string(round.step.step);
}

void check_signature(const SizeRecord& record, std::size_t rank, const Round& round) {
  if (record.signature == signature_of(round)) return;
  throw UsageError("exchange: rank " + std::to_string(rank) +
                   " is not in the same exchange as rank " +
                   std::to_string(round.communicator.rank()) + " (" + text_of(round) + ")");
}

void check_bound(const SizeRecord& record, std::size_t rank, std::size_t bound,
                 const Round& round) {
  if (record.bytes <= bound) return;
  throw WireError("exchange: rank " + std::to_string(rank) + " announces " +
                  std::to_string(record.bytes) + " bytes, at most " + std::to_string(bound) +
                  " are possible (" + text_of(round) + ")");
}

Received receive_buffer(std::span<const SizeRecord> records, Round& round) {
  const auto sizes = round.scratch.take<std::size_t>(records.size());
  std::ranges::transform(records, sizes.begin(), &SizeRecord::bytes);
  const auto total = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
  return {round.scratch.take<std::byte>(total), sizes};
}

std::span<std::byte> writable(std::span<const std::byte> bytes) {
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

}  // namespace

std::span<const std::byte> Received::message(std::size_t source) const {
  const auto before = sizes.first(source);
  const std::size_t start = std::accumulate(before.begin(), before.end(), std::size_t{0});
  return bytes.subspan(start, sizes[source]);
}

Fault wire_fault(std::string_view name, std::size_t source, const char* problem) {
  return {Fault::Kind::wire,
          std::string(name) + ", message of rank " + std::to_string(source) + ": " + problem};
}

Received gather_messages(std::span<const std::byte> message, std::size_t bound, Round& round) {
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto records = round.scratch.take<SizeRecord>(ranks);
  const SizeRecord mine{message.size(), signature_of(round)};
  round.communicator.all_gather(std::as_bytes(std::span(&mine, 1)),
                                std::as_writable_bytes(records));
  // Every rank sees the same records, so all ranks throw or none.
  for (std::size_t r = 0; r < ranks; ++r) check_signature(records[r], r, round);
  for (std::size_t r = 0; r < ranks; ++r) check_bound(records[r], r, bound, round);
  const Received received = receive_buffer(records, round);
  round.communicator.all_gather_v(message, received.sizes, writable(received.bytes));
  return received;
}

Received scatter_messages(std::span<const std::span<const std::byte>> messages, std::size_t bound,
                          Round& round) {
  const std::size_t ranks = messages.size();
  const auto out = round.scratch.take<SizeRecord>(ranks);
  const auto records = round.scratch.take<SizeRecord>(ranks);
  const auto sizes = round.scratch.take<std::size_t>(ranks);
  for (std::size_t r = 0; r < ranks; ++r) {
    sizes[r] = messages[r].size();
    out[r] = {sizes[r], signature_of(round)};
  }
  round.communicator.all_to_all(std::as_bytes(out), std::as_writable_bytes(records));
  try {
    for (std::size_t r = 0; r < ranks; ++r) check_signature(records[r], r, round);
    for (std::size_t r = 0; r < ranks; ++r) check_bound(records[r], r, bound, round);
  } catch (const Error& error) {
    throw TransportError(error.what());
  }
  const auto joined =
      round.scratch.take<std::byte>(std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}));
  ByteWriter writer(joined);
  for (const auto message : messages) writer.put_all(message);
  const Received received = receive_buffer(records, round);
  round.communicator.all_to_all_v(joined, sizes, writable(received.bytes), received.sizes);
  return received;
}

}  // namespace pith
