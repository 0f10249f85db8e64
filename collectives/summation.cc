// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <memory>
#include <numeric>
#include <string>

#include <pith/collectives/compose.h>
#include <pith/collectives/encode.h>
#include <pith/collectives/mean.h>
#include <pith/collectives/stopwatch.h>
#include <pith/collectives/summation.h>
#include <pith/core/error.h>
#include <pith/core/threads.h>

namespace pith {

template <Element T>
class Summation<T>::Pending final : public PendingMean<T> {
 public:
  Pending(Summation& sums, std::size_t unit, bool in_segments)
      : sums_(sums), unit_(unit), in_segments_(in_segments) {}

  void write(std::span<T> mean) const override {
    if (in_segments_) return sums_.join(unit_, mean);
    sums_.add_up(unit_, {0, mean.size()}, mean);
  }

 private:
  Summation& sums_;
  std::size_t unit_;
  bool in_segments_;
};

template <Element T>
Summation<T>::Summation(std::span<Unit<T>> bucket, const Received& received, Round& round)
    : bucket_(bucket),
      received_(received),
      round_(round),
      ranks_(received.sizes.size()),
      directory_(round.scratch.take<DirectoryEntry>(bucket.size())),
      checksums_(round.scratch.take<MessageChecksum>(ranks_)),
      opened_(round.scratch.take<const Decoded<T>*>(bucket.size() * ranks_)),
      payloads_(round.scratch.take<Range>(bucket.size() * ranks_)),
      current_(bucket.front().name) {
  std::ranges::fill(opened_, nullptr);
}

template <Element T>
void Summation<T>::mean_of_segment(std::size_t segment, std::size_t segments) {
  to_devices_ = false;
  open_messages(segment, segments);
  if (!round_.faults.empty()) return;
  for (std::size_t u = 0; u < bucket_.size(); ++u) {
    const Range range = segment_of(bucket_[u], segment, segments);
    add_up(u, range, slice(bucket_[u].mean, range));
  }
  check_messages();
}

template <Element T>
void Summation<T>::mean_of_all() {
  open_messages(0, 1);
  if (!round_.faults.empty()) return;
  for (std::size_t u = 0; u < bucket_.size(); ++u) {
    Unit<T>& unit = bucket_[u];
    if (unit.device) {
      decode_on_device(u, {0, ranks_}, {0, unit.elements}, unit.first,
                       static_cast<T>(round_.divisor));
    } else if (unit.may_wait && is_finite(u)) {
      leave_pending(u, false);
    } else {
      add_up(u, {0, unit.elements}, unit.mean);
    }
  }
  check_messages();
}

template <Element T>
void Summation<T>::add_up(std::size_t u, Range range, std::span<T> mean) {
  Stopwatch watch(bucket_[u].cost.decode_seconds);
  sum(u, {0, ranks_}, static_cast<T>(round_.divisor), bucket_[u].first + range.begin, mean);
}

template <Element T>
std::span<const std::span<const std::byte>> Summation<T>::payloads_of(std::size_t u,
                                                                      Range sources) const {
  const auto all = round_.scratch.template take<std::span<const std::byte>>(sources.size());
  std::size_t count = 0;
  for (std::size_t s = sources.begin; s < sources.end; ++s) {
    const Range payload = payloads_[u * ranks_ + s];
    if (payload.size() > 0) all[count++] = slice(received_.message(s), payload);
  }
  return all.first(count);
}

template <Element T>
void Summation<T>::decode_on_device(std::size_t u, Range sources, Range elements, std::size_t first,
                                    T divisor) {
  Stopwatch watch(bucket_[u].cost.decode_seconds);
  on_device(bucket_[u], round_,
            [&] { bucket_[u].device->decode(payloads_of(u, sources), elements, first, divisor); });
}

template <Element T>
void Summation<T>::leave_pending(std::size_t u, bool in_segments) {
  bucket_[u].pending = &round_.scratch.template make<Pending>(*this, u, in_segments);
}

// However it is rounded, a sum is no larger than twice what its terms add up to.
template <Element T>
bool Summation<T>::is_finite(std::size_t u) const {
  Stopwatch watch(bucket_[u].cost.decode_seconds);
  double most = 0;
  for (const Decoded<T>* const sent : opened_.subspan(u * ranks_, ranks_)) {
    if (sent) most += static_cast<double>(sent->largest());
  }
  return round_.divisor >= 1 && most <= static_cast<double>(std::numeric_limits<T>::max()) / 2;
}

template <Element T>
void Summation<T>::open_messages(std::size_t segment, std::size_t segments) {
  for (std::size_t source = 0; source < ranks_; ++source) {
    open_message(source, segment, segments, &Unit<T>::message);
  }
}

template <Element T>
void Summation<T>::open_segments() {
  for (std::size_t source = 0; source < ranks_; ++source) {
    open_message(source, source, ranks_, &Unit<T>::owner_message);
  }
}

template <Element T>
const Decoded<T>* Summation<T>::segment(std::size_t unit, std::size_t source) const {
  return opened_[unit * ranks_ + source];
}

template <Element T>
void Summation<T>::join_segments() {
  if (!round_.faults.empty()) return;
  for (std::size_t u = 0; u < bucket_.size(); ++u) {
    if (!bucket_[u].device && bucket_[u].may_wait) {
      leave_pending(u, true);
    } else {
      join(u, bucket_[u].mean);
    }
  }
  check_messages();
}

template <Element T>
void Summation<T>::join(std::size_t u, std::span<T> mean) {
  Unit<T>& unit = bucket_[u];
  Stopwatch watch(unit.cost.decode_seconds);
  for (std::size_t source = 0; source < ranks_; ++source) {
    // An owner counts its elements from its shard's start.
    const Range segment = segment_of(unit, source, ranks_);
    if (unit.device) {
      decode_on_device(u, {source, source + 1}, segment, 0, T(1));
      continue;
    }
    sum(u, {source, source + 1}, T(1), 0, slice(mean, segment));
  }
}

// Finds what `source` sent for a segment valid.
template <Element T>
void Summation<T>::open_message(std::size_t source, std::size_t segment, std::size_t segments,
                                Compressor compressor) {
  if (!round_.faults.empty()) return;
  try {
    current_ = bucket_.front().name;
    open(received_.message(source), expected_header(round_, source, bucket_.size()), directory_);
    std::construct_at(&checksums_[source], received_.message(source));
    open_payloads(source, segment, segments, compressor);
  } catch (const WireError& error) {
    round_.faults.push_back(wire_fault(current_, source, error.what()));
  }
}

// Messages of a rank's own shard count their elements from the shard's start, parts of a tensor
// from the tensor's.
template <Element T>
void Summation<T>::open_payloads(std::size_t source, std::size_t segment, std::size_t segments,
                                 Compressor compressor) {
  std::size_t offset = head_bytes(bucket_.size());
  for (std::size_t u = 0; u < bucket_.size(); ++u) {
    Unit<T>& unit = bucket_[u];
    const Range payload{offset, offset + directory_[u].bytes};
    const Range range = segment_of(unit, segment, segments);
    const bool owners = compressor == &Unit<T>::owner_message;
    const std::size_t first = owners ? 0 : unit.first + range.begin;
    offset = payload.end;
    payloads_[u * ranks_ + source] = payload;
    open_payload(u, source, {slice(received_.message(source), payload), first}, range.size(),
                 compressor);
  }
}

template <Element T>
const MessageCompressor<T>& Summation<T>::decoder_of(const Unit<T>& unit, std::uint16_t codec,
                                                     Compressor compressor) {
  const bool owners = compressor == &Unit<T>::owner_message;
  if (owners && unit.owner_dense && codec == unit.dense_codec) return *unit.owner_dense;
  check_codec(codec, unit.codec);
  return *(unit.*compressor);
}

// Of what was damaged on the way, the codec's complaint is not what helps.
template <Element T>
void Summation<T>::open_payload(std::size_t u, std::size_t source, Segment payload, std::size_t n,
                                Compressor compressor) try {
  Unit<T>& unit = bucket_[u];
  const MessageCompressor<T>& decoder = decoder_of(unit, directory_[u].codec, compressor);
  if (payload.bytes.empty() || (unit.device && to_devices_)) return;
  Stopwatch watch(unit.cost.decode_seconds);
  opened_[u * ranks_ + source] = &decoder.open(payload, n, round_.scratch);
} catch (const WireError&) {
  checksums_[source].check(static_cast<std::uint32_t>(source));
  current_ = bucket_[u].name;
  throw;
}

// What these ranks sent for a unit; some may have sent nothing.
template <Element T>
std::span<const Decoded<T>* const> Summation<T>::sent_for(std::size_t u, Range sources) {
  const auto all = slice(opened_.subspan(u * ranks_, ranks_), sources);
  // Clang 14 does not compile std::ranges::remove of this library.
  const auto end = std::remove(all.begin(), all.end(), nullptr);
  return all.first(static_cast<std::size_t>(end - all.begin()));
}

// One thread reads the payloads block by block, just before they are decoded; several begin
// everywhere at once, so the payloads come first.
template <Element T>
void Summation<T>::sum(std::size_t u, Range sources, T divisor, std::size_t first,
                       std::span<T> mean) {
  const auto sent = sent_for(u, sources);
  if (parts_of(mean.size()) > 1) {
    const std::size_t stride = std::min(threads(), sources.size());
    in_parallel(stride, [&](std::size_t s) { read_payloads(u, sources, s, stride, 1); });
    return write_mean(sent, divisor, first, mean);
  }
  constexpr std::size_t kBlock = kStreamedBytes / sizeof(T);
  for (std::size_t i = 0; i < mean.size(); i += kBlock) {
    const auto block = mean.subspan(i, std::min(kBlock, mean.size() - i));
    const auto done = static_cast<double>(i + block.size());
    read_payloads(u, sources, 0, 1, done / static_cast<double>(mean.size()));
    write_mean(sent, divisor, first + i, block);
  }
}

// The first `part` of the payload of every stride-th source, for its checksum.
template <Element T>
void Summation<T>::read_payloads(std::size_t u, Range sources, std::size_t start,
                                 std::size_t stride, double part) {
  for (std::size_t s = sources.begin + start; s < sources.end; s += stride) {
    const Range payload = payloads_[u * ranks_ + s];
    const double bytes = part * static_cast<double>(payload.size());
    checksums_[s].read_until(payload.begin + static_cast<std::size_t>(bytes));
  }
}

template <Element T>
void Summation<T>::check_messages() {
  Stopwatch watch(bucket_.front().cost.decode_seconds);
  for (std::size_t source = 0; source < ranks_; ++source) {
    try {
      checksums_[source].check(static_cast<std::uint32_t>(source));
    } catch (const WireError& error) {
      round_.faults.push_back(wire_fault(bucket_.front().name, source, error.what()));
    }
  }
}

template class Summation<float>;
template class Summation<double>;

}  // namespace pith
