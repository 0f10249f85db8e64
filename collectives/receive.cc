// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <string>

#include <pith/collectives/compose.h>
#include <pith/collectives/mean.h>
#include <pith/collectives/receive.h>
#include <pith/collectives/stopwatch.h>
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

template <Element T>
Range segment_of(const Unit<T>& unit, std::size_t segment, std::size_t segments) {
  return {block_start(unit.elements, segments, segment),
          block_start(unit.elements, segments, segment + 1)};
}

std::span<std::byte> writable(std::span<const std::byte> bytes) {
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

}  // namespace

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

template <Element T>
Summation<T>::Summation(std::span<Unit<T>> bucket, const Received& received, Round& round)
    : bucket_(bucket),
      received_(received),
      round_(round),
      ranks_(received.sizes.size()),
      directory_(round.scratch.take<DirectoryEntry>(bucket.size())),
      opened_(round.scratch.take<const Decoded<T>*>(bucket.size() * ranks_)) {
  std::ranges::fill(opened_, nullptr);
}

template <Element T>
std::span<const std::byte> Summation<T>::message(std::size_t source) const {
  const auto before = received_.sizes.first(source);
  const std::size_t start = std::accumulate(before.begin(), before.end(), std::size_t{0});
  return received_.bytes.subspan(start, received_.sizes[source]);
}

// What these ranks sent for a unit; some may have sent nothing.
template <Element T>
std::span<const Decoded<T>* const> Summation<T>::sent_for(std::size_t unit, Range ranks) {
  const auto all = slice(opened_.subspan(unit * ranks_, ranks_), ranks);
  // Clang 14 does not compile std::ranges::remove of this library.
  const auto end = std::remove(all.begin(), all.end(), nullptr);
  return all.first(static_cast<std::size_t>(end - all.begin()));
}

template <Element T>
void Summation<T>::mean_of_segment(std::size_t segment, std::size_t segments) {
  for (std::size_t source = 0; source < ranks_; ++source) {
    open_message(source, segment, segments, &Unit<T>::message);
  }
  if (!round_.faults.empty()) return;
  for (std::size_t u = 0; u < bucket_.size(); ++u) {
    Unit<T>& unit = bucket_[u];
    Stopwatch watch(unit.cost.decode_seconds);
    const Range range = segment_of(unit, segment, segments);
    write_mean(sent_for(u, {0, ranks_}), static_cast<T>(round_.divisor), range.begin,
               slice(unit.mean, range));
  }
}

template <Element T>
void Summation<T>::join_segments() {
  for (std::size_t source = 0; source < ranks_; ++source) {
    open_message(source, source, ranks_, &Unit<T>::owner_message);
  }
  if (!round_.faults.empty()) return;
  for (std::size_t u = 0; u < bucket_.size(); ++u) {
    Unit<T>& unit = bucket_[u];
    Stopwatch watch(unit.cost.decode_seconds);
    for (std::size_t source = 0; source < ranks_; ++source) {
      // An owner counts its elements from its shard's start.
      write_mean(sent_for(u, {source, source + 1}), T(1), 0,
                 slice(unit.mean, segment_of(unit, source, ranks_)));
    }
  }
}

// Finds what `source` sent for a segment valid. Messages of a rank's own shard count their elements
// from the shard's start, parts of a tensor from the tensor's.
template <Element T>
void Summation<T>::open_message(std::size_t source, std::size_t segment, std::size_t segments,
                                MessageCompressor<T>* Unit<T>::*compressor) try {
  if (!round_.faults.empty()) return;
  const auto bytes = message(source);
  open(bytes, expected_header(round_, source, bucket_.size()), directory_);
  std::size_t offset = head_bytes(bucket_.size());
  for (std::size_t u = 0; u < bucket_.size(); ++u) {
    Unit<T>& unit = bucket_[u];
    const auto payload = bytes.subspan(offset, directory_[u].bytes);
    offset += payload.size();
    current_ = &unit;
    if (directory_[u].codec != unit.codec) {
      throw WireError("codec " + std::to_string(directory_[u].codec) + ", expected " +
                      std::to_string(unit.codec));
    }
    if (payload.empty()) continue;
    Stopwatch watch(unit.cost.decode_seconds);
    const Range range = segment_of(unit, segment, segments);
    const std::size_t first = compressor == &Unit<T>::owner_message ? 0 : range.begin;
    opened_[u * ranks_ + source] =
        &(unit.*compressor)->open({payload, first}, range.size(), round_.scratch);
  }
} catch (const WireError& error) {
  const std::string_view name = current_ ? current_->name : bucket_.front().name;
  round_.faults.push_back({Fault::Kind::wire, std::string(name) + ", message of rank " +
                                                  std::to_string(source) + ": " + error.what()});
}

template class Summation<float>;
template class Summation<double>;

}  // namespace pith
