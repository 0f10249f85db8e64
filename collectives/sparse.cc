// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/collectives/compose.h>
#include <pith/collectives/composition.h>
#include <pith/collectives/regions.h>
#include <pith/collectives/scatter.h>
#include <pith/collectives/sparse.h>
#include <pith/collectives/stopwatch.h>
#include <pith/collectives/survivors.h>

namespace pith {
namespace {

// choose() lets only sparse compressors come here.
template <Element T>
const SparseCompressor<T>& sparse_of(const Unit<T>& unit) {
  return dynamic_cast<const SparseCompressor<T>&>(*unit.message);
}

// Composes a unit in one sweep. How much of it will be sent depends on the others.
template <Element T>
Entries<T> select_entries(Unit<T>& unit, Round& round) {
  Stopwatch watch(unit.cost.encode_seconds);
  begin_message(unit, Guarantee{}, false, round);
  Composition<T> composition(*unit.feedback, unit.elements);
  try {
    return sparse_of(unit).select(composition, round.scratch);
  } catch (const NonFiniteError&) {
    round.faults.push_back(non_finite_fault(unit, unit.feedback->composed()));
    return {};
  }
}

// Writes a unit's entries, which become what the others see.
template <Element T>
void write_entries(Unit<T>& unit, Entries<T>& entries,
                   std::span<std::span<const std::byte>> payloads, Round& round) {
  Stopwatch watch(unit.cost.encode_seconds);
  const SparseCompressor<T>& compressor = sparse_of(unit);
  const std::size_t bound = compressor.max_bytes_of(entries.size(), unit.elements, payloads.size());
  const Wire wire{round.scratch.template take<std::byte>(bound),
                  round.scratch.template take<std::size_t>(payloads.size())};
  entries = compressor.write(entries, unit.cuts, key_of(unit, round), wire, round.scratch);
  point_to_segments(wire, payloads);
}

// Phase one: this rank's segment of every mean.
template <Element T>
std::span<Unit<T>> reduce_segments(std::span<Unit<T>> bucket, std::span<Entries<T>> entries,
                                   Round& round) {
  const auto ranks = static_cast<std::size_t>(round.communicator.size());
  const auto payloads = round.scratch.take<std::span<const std::byte>>(bucket.size() * ranks);
  std::ranges::fill(payloads, std::span<const std::byte>());
  const std::uint16_t flags = for_each_present(bucket, round, [&](std::size_t u) {
    write_entries(bucket[u], entries[u], payloads.subspan(u * ranks, ranks), round);
  });
  if (!round.faults.empty()) std::ranges::fill(payloads, std::span<const std::byte>());
  const Received received = scatter_segments(bucket, {flags, ranks, payloads}, round);
  const auto segments = own_segments(std::span<const Unit<T>>(bucket), round);
  Summation<T>(segments, received, round).mean_of_segment(0, 1);
  for (const Unit<T>& segment : segments) check_mean(segment, round);
  ++round.sequence;
  return segments;
}

// Phase two: what every owner keeps of its segment, to every rank.
template <Element T>
Received gather_survivors(std::span<Unit<T>> segments, std::span<const std::size_t> budgets,
                          std::size_t bound, Round& round) {
  const auto payloads = round.scratch.take<std::span<const std::byte>>(segments.size());
  std::ranges::fill(payloads, std::span<const std::byte>());
  const std::uint16_t flags = for_each_present(segments, round, [&](std::size_t u) {
    Stopwatch watch(segments[u].cost.encode_seconds);
    payloads[u] = write_survivors(segments[u], budgets[u], round);
  });
  const std::span<const Unit<T>> units = segments;
  const auto message = build_message(EncodedBucket{flags, 1, payloads}, units, 0, round);
  Stopwatch watch(segments.front().cost.exchange_seconds);
  return gather_messages(message, bound, round);
}

// Of a message that sends every unit dense, as no owner's is longer.
template <Element T>
std::size_t dense_bound(std::span<const Unit<T>> bucket) {
  std::size_t bytes = head_bytes(bucket.size());
  for (const Unit<T>& unit : bucket) bytes += unit.owner_dense->max_wire_bytes(unit.elements, 1);
  return bytes;
}

// The rules learn what was kept before the means overwrite what they have composed.
template <Element T>
void commit_survivors(std::span<Unit<T>> bucket, std::span<const Entries<T>> entries,
                      const Summation<T>& owners, Round& round) {
  for_each_present(bucket, round, [&](std::size_t u) {
    Unit<T>& unit = bucket[u];
    Stopwatch watch(unit.cost.encode_seconds);
    const DecodedEntries<T> sent(surviving(entries[u], owners, u, unit.cuts, round.scratch), 0);
    if (round.measure_error) measure_error(unit, unit.feedback->composed(), sent, round);
    unit.feedback->commit_all(unit.elements, sent);
  });
}

template <Element T>
void add_costs(std::span<const Unit<T>> segments, std::span<Unit<T>> bucket) {
  for (std::size_t u = 0; u < bucket.size(); ++u) {
    bucket[u].cost.encode_seconds += segments[u].cost.encode_seconds;
    bucket[u].cost.decode_seconds += segments[u].cost.decode_seconds;
    bucket[u].cost.exchange_seconds += segments[u].cost.exchange_seconds;
  }
}

}  // namespace

template <Element T>
void sparse(std::span<Unit<T>> bucket, Round& round) {
  const auto entries = round.scratch.take<Entries<T>>(bucket.size());
  std::ranges::fill(entries, Entries<T>());
  for_each_present(bucket, round,
                   [&](std::size_t u) { entries[u] = select_entries(bucket[u], round); });
  const std::span<const Entries<T>> selected = entries;
  const auto budgets = agree_on_regions(bucket, selected, round);
  const auto segments = reduce_segments(bucket, entries, round);
  const std::size_t bound = dense_bound(std::span<const Unit<T>>(bucket));
  const Received received = gather_survivors(segments, budgets, bound, round);
  auto& owners = round.scratch.make<Summation<T>>(bucket, received, round);
  owners.open_segments();
  commit_survivors(bucket, selected, owners, round);
  owners.join_segments();
  add_costs(std::span<const Unit<T>>(segments), bucket);
  ++round.sequence;
}

template void sparse(std::span<Unit<float>>, Round&);
template void sparse(std::span<Unit<double>>, Round&);

}  // namespace pith
