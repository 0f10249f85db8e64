// SPDX-License-Identifier: Apache-2.0
#include "support/exchange/expected_bytes.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>

#include <pith/core/vector.h>
#include <pith/feedback/registry.h>

#include "support/exchange/trajectory.h"
#include "support/reference_regions.h"

// All numbers here are the documentation's, by hand: docs/wire_format.md for messages and payloads,
// docs/exchanges.md for exchanges.
namespace pith::test {
namespace {

constexpr std::size_t kRecord = 16;
constexpr std::size_t kAgreement = 16;
constexpr std::size_t kSignature = 8;
constexpr std::size_t kFirstCall = 8 + 8;  // what may be wrong, and a digest
constexpr std::size_t kOpening = 8;        // of every call
constexpr std::size_t kHead = 64 + 16;     // header, one directory entry padded

std::size_t up_to_16(std::size_t bytes) { return (bytes + 15) / 16 * 16; }
std::size_t ceil_div(std::size_t a, std::size_t b) { return (a + b - 1) / b; }
std::size_t start(std::size_t n, std::size_t p, std::size_t r) { return n * r / p; }

// The elements of a tensor that blocktopk(k=2,block=50) keeps.
Support kept_of_blocks(const std::vector<float>& x) {
  Support kept;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t end = std::min(x.size(), i / 50 * 50 + 50);
    std::size_t before = 0;  // elements of the block that are chosen before this one
    for (std::size_t j = i / 50 * 50; j < end; ++j) {
      before += std::abs(x[j]) > std::abs(x[i]) || (std::abs(x[j]) == std::abs(x[i]) && j < i);
    }
    if (before < 2) kept.push_back(i);
  }
  return kept;
}

Support kept_of(const std::string& spec, const std::vector<float>& x) {
  const std::size_t n = x.size();
  if (spec.starts_with("blocktopk")) return kept_of_blocks(x);
  Support order(n);
  for (std::size_t i = 0; i < n; ++i) order[i] = i;
  std::size_t count = 0;
  if (spec.starts_with("threshold")) {
    count = static_cast<std::size_t>(
        std::ranges::count_if(x, [](float v) { return std::abs(v) >= 1.5f; }));
  } else {
    count = n == 0 ? 0 : ceil_div(n * 5, 100);
  }
  std::ranges::stable_sort(order, [&](auto a, auto b) { return std::abs(x[a]) > std::abs(x[b]); });
  order.resize(count);
  std::ranges::sort(order);
  return order;
}

// The elements that a sparse compressor keeps of all n. All ranks of a test ask for those of all
// ranks, so they are found once.
Support support(const LegalCase& legal, std::size_t n, std::size_t rank) {
  static std::mutex mutex;
  static std::map<std::tuple<std::string, bool, std::size_t, std::size_t>, Support> known;
  const bool momentum = legal.feedback == "ef21_sgdm";
  const std::lock_guard lock(mutex);
  const auto [place, is_new] = known.try_emplace({legal.compressor, momentum, n, rank});
  if (!is_new) return place->second;
  auto x = gradient<float>(n, 0, static_cast<int>(rank));
  if (momentum) scale(0.1f, std::span(x));  // its momentum starts at eta g
  return place->second = kept_of(legal.compressor, x);
}

std::size_t count_in(const Support& kept, std::size_t first, std::size_t last) {
  return static_cast<std::size_t>(
      std::ranges::count_if(kept, [&](std::size_t i) { return i >= first && i < last; }));
}

// Blocks of `block` elements counted from the tensor's start that [first, last) touches.
std::size_t blocks(std::size_t first, std::size_t last, std::size_t block) {
  return last == first ? 0 : ceil_div(last, block) - first / block;
}

// dct_topk(k=3,chunk=16,index=raw32) of [first, last) in a tensor of `end` elements: 16 bytes; then
// a message for a chunk that is cut, for the whole ones (the last may be short), for another one
// that is cut.
std::size_t dct_payload(std::size_t first, std::size_t last, std::size_t end) {
  if (first == last) return 0;
  const auto message = [](std::size_t chunks) {
    return chunks == 0 ? 0 : up_to_16(16 + 4 * 3 * chunks) + up_to_16(4 * 3 * chunks);
  };
  const std::size_t whole = ceil_div(first, 16);
  const std::size_t past = last == end ? ceil_div(last, 16) : std::max(whole, last / 16);
  const std::size_t back = ceil_div(last, 16) > past ? 1 : 0;
  return 16 + message(first % 16 == 0 ? 0 : 1) + message(past - whole) + message(back);
}

// The payload of a codec that keeps no single elements, for [first, last) of a float tensor of
// `end`.
std::size_t dense_payload(const std::string& spec, std::size_t first, std::size_t last,
                          std::size_t end) {
  const std::size_t n = last - first;
  if (spec.starts_with("dct_topk")) return dct_payload(first, last, end);
  if (spec == "identity") return up_to_16(4 * n);
  if (spec == "cast(bf16)") return up_to_16(2 * n);
  if (spec == "onebit(block=64)") return up_to_16(4 * blocks(first, last, 64) + ceil_div(n, 8));
  if (spec == "onebit|zstd") {  // 16 bytes of head
    return n == 0 ? 0 : 16 + up_to_16(4 * blocks(first, last, 4096) + ceil_div(n, 8));
  }
  if (spec == "quantize(bits=4,bucket=64)") {
    return up_to_16(8 * blocks(first, last, 64) + ceil_div(4 * n, 8));
  }
  if (spec == "levels(bits=4,block=64)") {
    return up_to_16(4 * blocks(first, last, 64) + ceil_div(4 * n, 8));
  }
  if (spec == "quantize(bits=8,bucket=64,range=qsgd)") {
    return up_to_16(4 * blocks(first, last, 64) + n);
  }
  return up_to_16(ceil_div(9 * n, 8));  // natural
}

std::size_t index_bytes(const std::string& spec, std::size_t entries, std::size_t n) {
  if (spec.find("raw32") != std::string::npos) return 4 * entries;
  if (spec.find("bitmap") != std::string::npos) return ceil_div(n, 8);
  if (entries == 0) return 0;
  std::size_t low = 0;  // Elias-Fano
  while (entries << (low + 1) <= n) ++low;
  return ceil_div(low * entries, 8) + ceil_div(entries + ceil_div(n, std::size_t{1} << low), 8);
}

// As they are, or in 2 bits with 4 bytes for every block of 256; `first` are kept before.
std::size_t value_bytes(const std::string& spec, std::size_t first, std::size_t entries) {
  if (spec.find("2bit") == std::string::npos) return 4 * entries;
  return 4 * blocks(first, first + entries, 256) + ceil_div(entries, 4);
}

// Nothing for no elements; else 16 bytes of count, first, coder and length, the indices, padding;
// then the values, padded.
std::size_t sparse_payload(const std::string& spec, std::size_t first, std::size_t entries,
                           std::size_t n) {
  if (n == 0) return 0;
  return up_to_16(16 + index_bytes(spec, entries, n)) + up_to_16(value_bytes(spec, first, entries));
}

bool is_sparse(const std::string& spec) {
  return spec.starts_with("topk") || spec.starts_with("blocktopk") || spec.starts_with("threshold");
}

std::size_t sparse_payload(const std::string& spec, const Support& kept, std::size_t first,
                           std::size_t last) {
  return sparse_payload(spec, count_in(kept, 0, first), count_in(kept, first, last), last - first);
}

std::size_t payload(const LegalCase& legal, std::size_t n, std::size_t rank, std::size_t first,
                    std::size_t last) {
  const std::string& spec = legal.compressor;
  if (!is_sparse(spec)) return dense_payload(spec, first, last, n);
  return sparse_payload(spec, support(legal, n, rank), first, last);
}

// What an owner sends of its shard depends on its size alone, except where the data decides.
std::size_t owner_payload(const std::string& spec, std::size_t shard) {
  if (!is_sparse(spec)) return dense_payload(spec, 0, shard, shard);
  const std::size_t entries = spec.starts_with("blocktopk")
                                  ? shard / 50 * 2 + std::min<std::size_t>(shard % 50, 2)
                                  : ceil_div(shard * 5, 100);
  return sparse_payload(spec, 0, entries, shard);
}

ExpectedBytes gather_bytes(const LegalCase& legal, std::size_t n, std::size_t p, std::size_t r) {
  const std::size_t message = kHead + payload(legal, n, r, 0, n);
  return {.wire = (p - 1) * (kRecord + message), .messages = kRecord + message};
}

ExpectedBytes sharded_bytes(const LegalCase& legal, std::size_t n, std::size_t p, std::size_t r) {
  ExpectedBytes bytes{.wire = (p - 1) * kRecord, .messages = p * kRecord};
  for (std::size_t s = 0; s < p; ++s) {
    const std::size_t message = kHead + payload(legal, n, r, start(n, p, s), start(n, p, s + 1));
    bytes.messages += message;
    if (s != r) bytes.wire += message;
  }
  const std::size_t shard = start(n, p, r + 1) - start(n, p, r);
  bytes.wire += (p - 1) * (kRecord + kHead + owner_payload(legal.compressor, shard));
  return bytes;
}

// What an owner of the sparse exchange sends of [first, last): no more than its budget, with exact
// values, or all of it.
std::size_t survivor_payload(const std::string& spec, const std::vector<Support>& supports,
                             std::size_t first, std::size_t last) {
  std::set<std::size_t> all;
  for (const Support& kept : supports) all.insert(kept.begin(), kept.end());
  const std::size_t arrived = count_in(Support(all.begin(), all.end()), first, last);
  const std::string exact = spec.substr(spec.find("index"));
  return std::min(
      sparse_payload(exact, 0, std::min(arrived, reference_budget(supports)), last - first),
      up_to_16(4 * (last - first)));
}

ExpectedBytes sparse_bytes(const LegalCase& legal, std::size_t n, std::size_t p, std::size_t r) {
  std::vector<Support> supports;
  for (std::size_t rank = 0; rank < p; ++rank) supports.push_back(support(legal, n, rank));
  const auto cuts = reference_cuts(supports, n);
  const std::size_t summary = kHead + (n == 0 ? 0 : up_to_16(4 + 4 * 8 * p));
  ExpectedBytes bytes{.wire = (p - 1) * (2 * kRecord + summary),
                      .messages = kRecord + summary + p * kRecord};
  for (std::size_t s = 0; s < p; ++s) {
    const std::size_t message =
        kHead + sparse_payload(legal.compressor, supports[r], cuts[s], cuts[s + 1]);
    bytes.messages += message;
    if (s != r) bytes.wire += message;
  }
  bytes.wire += (p - 1) * (kRecord + kHead +
                           survivor_payload(legal.compressor, supports, cuts[r], cuts[r + 1]));
  return bytes;
}

// A ring all-reduce of b bytes.
std::size_t ring(std::size_t b, std::size_t p) { return ceil_div(2 * (p - 1) * b, p); }

// Factors in 16 bit: an all-to-all of blocks and an all-gather of the own one.
std::size_t two_phase(std::size_t n, std::size_t p, std::size_t r) {
  const std::size_t own = start(n, p, r + 1) - start(n, p, r);
  return 2 * (n - own) + 2 * (p - 1) * own;
}

ExpectedBytes linear_bytes(const LegalCase& legal, std::size_t n, std::size_t p, std::size_t r) {
  const Shape shape = nearly_square(n);
  std::vector<std::size_t> factors{n};
  if (legal.compressor.starts_with("randomk")) factors = {ceil_div(n, 10)};
  if (legal.compressor.starts_with("arctopk")) {
    const std::size_t blocks = ceil_div(n, 8);
    factors = {2 * blocks, std::min(n, 8 * ceil_div(blocks, 10))};
  }
  const std::size_t rank = std::min({std::size_t{2}, shape.rows(), shape.columns()});
  if (legal.compressor.starts_with("lowrank")) {
    factors = {rank * shape.rows(), rank * shape.columns()};
  }
  if (legal.compressor.starts_with("acp")) factors = {rank * shape.rows()};
  const bool narrow = legal.compressor.find("cast") != std::string::npos;
  ExpectedBytes bytes{.wire = (p - 1) * kSignature};
  for (const std::size_t elements : factors) {
    bytes.wire += narrow ? two_phase(elements, p, r) : ring(4 * elements, p);
    bytes.messages += elements * (narrow ? 2 : 4);
  }
  return bytes;
}

ExpectedBytes message_bytes(const LegalCase& legal, std::size_t n, std::size_t p, std::size_t r) {
  if (legal.exchange == "gather") return gather_bytes(legal, n, p, r);
  if (legal.exchange == "sharded") return sharded_bytes(legal, n, p, r);
  if (legal.exchange == "sparse") return sparse_bytes(legal, n, p, r);
  if (legal.compressor == "none")
    return {.wire = ring(4 * n, p) + (p - 1) * kSignature, .messages = 4 * n};
  return linear_bytes(legal, n, p, r);
}

}  // namespace

ExpectedBytes expected_bytes(const LegalCase& legal, std::size_t n, std::size_t ranks,
                             std::size_t rank) {
  // From states of zero all messages of a rule are alike. Uncompressed, it may be left out.
  const FeedbackEntry& rule = feedback_rule(legal.feedback);
  const bool left_out = legal.compressor == "none" && rule.exact_is_mean;
  const auto messages = static_cast<std::size_t>(left_out ? 1 : rule.messages);
  ExpectedBytes bytes = message_bytes(legal, n, ranks, rank);
  bytes.wire *= messages;
  bytes.messages *= messages;
  bytes.wire += (ranks - 1) * kAgreement;
  bytes.wire_is_known = legal.exchange != "sharded" || !legal.compressor.starts_with("threshold");
  bytes.messages += kAgreement;
  return bytes;
}

std::size_t expected_reduce_scatter_bytes(const LegalCase& legal, std::size_t n, std::size_t p,
                                          std::size_t r) {
  const std::size_t small = (p - 1) * (kFirstCall + kOpening + kAgreement);
  const auto number = static_cast<std::size_t>(feedback_rule(legal.feedback).messages);
  if (legal.compressor == "none") return small + number * ceil_div((p - 1) * 4 * n, p);
  std::size_t messages = 0;
  for (std::size_t s = 0; s < p; ++s) {
    if (s != r) messages += kHead + payload(legal, n, r, start(n, p, s), start(n, p, s + 1));
  }
  return small + number * ((p - 1) * kRecord + messages);
}

std::size_t expected_all_gather_bytes(const LegalCase& legal, std::size_t n, std::size_t p,
                                      std::size_t r) {
  const std::size_t small = (p - 1) * (kFirstCall + kOpening + kAgreement);
  const std::size_t shard = start(n, p, r + 1) - start(n, p, r);
  const auto number = static_cast<std::size_t>(feedback_rule(legal.feedback).messages);
  if (legal.compressor == "none") return small + number * (p - 1) * 4 * shard;
  return small + number * (p - 1) * (kRecord + kHead + payload(legal, shard, r, 0, shard));
}

}  // namespace pith::test
