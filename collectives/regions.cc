// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/collectives/balance.h>
#include <pith/collectives/cost.h>
#include <pith/collectives/receive.h>
#include <pith/collectives/regions.h>
#include <pith/collectives/stopwatch.h>

namespace pith {
namespace {

template <Element T>
EncodedBucket summarise(std::span<Unit<T>> bucket, std::span<const Entries<T>> entries,
                        Round& round) {
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto payloads = round.scratch.take<std::span<const std::byte>>(bucket.size());
  std::ranges::fill(payloads, std::span<const std::byte>());
  const std::uint16_t flags = for_each_present(bucket, round, [&](std::size_t u) {
    if (bucket[u].elements == 0) return;
    const auto payload = round.scratch.take<std::byte>(summary_bytes(ranks));
    write_summary(entries[u].indices, ranks, payload);
    payloads[u] = payload;
  });
  return {flags, 1, payloads};
}

// Unit by unit, rank by rank; who takes no part has no entries.
class Summaries {
 public:
  Summaries(std::size_t units, std::size_t ranks, Scratch& scratch)
      : ranks_(ranks), all_(scratch.take<Summary>(units * ranks)) {
    std::ranges::fill(all_, Summary());
  }

  Summary& of(std::size_t unit, std::size_t rank) { return all_[unit * ranks_ + rank]; }
  std::span<const Summary> of(std::size_t unit) const {
    return all_.subspan(unit * ranks_, ranks_);
  }

 private:
  std::size_t ranks_;
  std::span<Summary> all_;
};

// What rank `source` says, or a fault.
template <Element T>
void read_message(std::span<const Unit<T>> bucket, const Received& received, std::size_t source,
                  Summaries& all, Round& round) {
  std::string_view current = bucket.front().name;
  try {
    const auto message = received.message(source);
    const auto directory = round.scratch.take<DirectoryEntry>(bucket.size());
    open(message, expected_header(round, source, bucket.size()), directory);
    MessageChecksum(message).check(static_cast<std::uint32_t>(source));
    std::size_t offset = head_bytes(bucket.size());
    for (std::size_t u = 0; u < bucket.size(); ++u) {
      current = bucket[u].name;
      check_codec(directory[u].codec, bucket[u].codec);
      const auto payload = message.subspan(offset, directory[u].bytes);
      offset += payload.size();
      if (payload.empty()) continue;
      all.of(u, source) =
          read_summary(payload, bucket[u].elements, received.sizes.size(), round.scratch);
    }
  } catch (const WireError& error) {
    round.faults.push_back(wire_fault(current, source, error.what()));
  }
}

template <Element T>
Received gather_summaries(std::span<Unit<T>> bucket, const EncodedBucket& encoded, Round& round) {
  const std::span<const Unit<T>> units = bucket;
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto message = build_message(encoded, units, 0, round);
  charge_messages(bucket, encoded, message.size() + kSizeRecordBytes);
  Stopwatch watch(bucket.front().cost.exchange_seconds);
  const std::size_t bound = head_bytes(bucket.size()) + bucket.size() * summary_bytes(ranks);
  return gather_messages(message, bound, round);
}

}  // namespace

template <Element T>
std::span<const std::size_t> agree_on_regions(std::span<Unit<T>> bucket,
                                              std::span<const Entries<T>> entries, Round& round) {
  const auto encoded = summarise(bucket, entries, round);
  const Received received = gather_summaries(bucket, encoded, round);
  const std::size_t ranks = received.sizes.size();
  Summaries all(bucket.size(), ranks, round.scratch);
  for (std::size_t source = 0; source < ranks; ++source) {
    read_message(std::span<const Unit<T>>(bucket), received, source, all, round);
  }
  const auto budgets = round.scratch.take<std::size_t>(bucket.size());
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    bucket[u].cuts = balanced_cuts(all.of(u), bucket[u].elements, round.scratch);
    budgets[u] = survivors_per_owner(all.of(u));
  }
  ++round.sequence;
  return budgets;
}

#define PITH_INSTANTIATE(T)                                                  \
  template std::span<const std::size_t> agree_on_regions(std::span<Unit<T>>, \
                                                         std::span<const Entries<T>>, Round&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
