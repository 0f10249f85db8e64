// SPDX-License-Identifier: Apache-2.0
#include "nccl/collective.h"

#include <algorithm>
#include <cstring>
#include <sstream>

#include <pith/core/half.h>

namespace pith::test {
namespace {

std::size_t size_of(ncclDataType_t type) {
  if (type == ncclUint8) return 1;
  return type == ncclFloat32 ? 4 : 2;
}

const char* name_of(ncclDataType_t type) {
  if (type == ncclUint8) return "uint8";
  if (type == ncclFloat16) return "float16";
  return type == ncclBfloat16 ? "bfloat16" : "float32";
}

const char* name_of(Kind kind) {
  constexpr const char* kNames[] = {"AllReduce", "ReduceScatter", "AllGather",
                                    "Broadcast", "Send",          "Recv"};
  return kNames[static_cast<int>(kind)];
}

// Rounded to the type, as it adds up in it.
float rounded(float value, ncclDataType_t type) {
  if (type == ncclFloat16) return to_float(to_half(value));
  return type == ncclBfloat16 ? to_float(to_bfloat16(value)) : value;
}

void write(float value, ncclDataType_t type, std::byte* to) {
  if (type == ncclFloat32) std::memcpy(to, &value, sizeof(value));
  if (type == ncclFloat16) *reinterpret_cast<Half*>(to) = to_half(value);
  if (type == ncclBfloat16) *reinterpret_cast<BFloat16*>(to) = to_bfloat16(value);
}

bool fit(const Operation& a, const Operation& b) {
  return a.kind == b.kind && a.count == b.count && a.type == b.type && a.op == b.op &&
         a.other == b.other;
}

bool is_of_two(const Operation& operation) {
  return operation.kind == Kind::send || operation.kind == Kind::recv;
}

using Bytes = std::vector<std::byte>;

// Elements [first, first + count), each the ranks' sum in rank order.
Bytes sum(const std::vector<const Operation*>& ranks, std::size_t first, std::size_t count) {
  const Operation& any = *ranks.front();
  Bytes out(count * size_of(any.type));
  for (std::size_t i = 0; i < count; ++i) {
    float sum = 0;
    for (const Operation* rank : ranks) {
      const float x = number_of(rank->from, any.type, first + i);
      sum = rounded(sum + rounded(x * any.op.factor, any.type), any.type);
    }
    write(sum, any.type, out.data() + i * size_of(any.type));
  }
  return out;
}

Bytes gathered(const std::vector<const Operation*>& ranks) {
  Bytes all;
  for (const Operation* rank : ranks) {
    const auto* const mine = static_cast<const std::byte*>(rank->from);
    all.insert(all.end(), mine, mine + rank->count * size_of(rank->type));
  }
  return all;
}

// What each rank receives, before any of it is written: calls may be in place.
std::vector<Bytes> results(const std::vector<const Operation*>& ranks) {
  const Operation& any = *ranks.front();
  std::vector<Bytes> out;
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    if (any.kind == Kind::all_reduce) out.push_back(sum(ranks, 0, any.count));
    if (any.kind == Kind::reduce_scatter) out.push_back(sum(ranks, r * any.count, any.count));
    if (any.kind == Kind::all_gather) out.push_back(gathered(ranks));
    if (any.kind == Kind::broadcast) {
      out.push_back(gathered({ranks[static_cast<std::size_t>(any.other)]}));
    }
  }
  return out;
}

}  // namespace

float number_of(const void* x, ncclDataType_t type, std::size_t i) {
  if (type == ncclFloat16) return to_float(static_cast<const Half*>(x)[i]);
  if (type == ncclBfloat16) return to_float(static_cast<const BFloat16*>(x)[i]);
  return static_cast<const float*>(x)[i];
}

std::string Operator::text() const {
  std::ostringstream out;
  out << factor << " " << name_of(type);
  return multiplies ? out.str() : "sum";
}

std::string Operation::text() const {
  std::string out = std::string(name_of(kind)) + " " + std::to_string(count) + " " + name_of(type);
  if (kind == Kind::all_reduce || kind == Kind::reduce_scatter) out += " " + op.text();
  if (kind == Kind::broadcast) out += " from " + std::to_string(other);
  if (is_of_two(*this)) out += " peer " + std::to_string(other);
  return out;
}

Meeting::Meeting(int ranks)
    : brought_(static_cast<std::size_t>(ranks)),
      arrived_(brought_.size()),
      left_(brought_.size()) {}

void Meeting::bring(int rank, std::vector<Operation> operations) {
  brought_[static_cast<std::size_t>(rank)] = std::move(operations);
}

void Meeting::arrive(int rank) { ++arrived_[static_cast<std::size_t>(rank)]; }

bool Meeting::is_complete(int rank) const {
  const int mine = left_[static_cast<std::size_t>(rank)];
  return std::ranges::all_of(arrived_, [&](int others) { return others > mine; });
}

bool Meeting::carry_out(int rank) {
  if (left_[static_cast<std::size_t>(rank)]++ < done_) return true;
  ++done_;
  return carry_out_all();
}

bool Meeting::carry_out_all() {
  if (is_of_two(brought_.front().front())) return carry_out_sends();
  for (std::size_t number = 0; number < brought_.front().size(); ++number) {
    if (!carry_out_alike(number)) return false;
  }
  return true;
}

bool Meeting::carry_out_alike(std::size_t number) {
  std::vector<const Operation*> ranks;
  for (const auto& mine : brought_) {
    if (mine.size() <= number || !fit(mine[number], brought_.front()[number])) return false;
    ranks.push_back(&mine[number]);
  }
  const auto all = results(ranks);
  for (std::size_t r = 0; r < ranks.size(); ++r)
    std::ranges::copy(all[r], static_cast<std::byte*>(ranks[r]->to));
  return true;
}

bool Meeting::carry_out_sends() {
  std::vector<std::size_t> taken(brought_.size() * brought_.size());
  std::size_t sends = 0;
  std::size_t received = 0;
  for (std::size_t r = 0; r < brought_.size(); ++r) {
    for (const Operation& wanted : brought_[r]) {
      if (wanted.kind == Kind::send) ++sends;
      if (wanted.kind != Kind::recv) continue;
      if (!receive(r, wanted, taken)) return false;
      ++received;
    }
  }
  return sends == received;
}

// The next of what the peer sends to this rank.
bool Meeting::receive(std::size_t rank, const Operation& wanted, std::vector<std::size_t>& taken) {
  const auto peer = static_cast<std::size_t>(wanted.other);
  std::size_t skipped = taken[rank * brought_.size() + peer]++;
  for (const Operation& sent : brought_[peer]) {
    if (sent.kind != Kind::send || sent.other != static_cast<int>(rank) || skipped-- > 0) continue;
    if (sent.count != wanted.count || sent.type != wanted.type) return false;
    std::memcpy(wanted.to, sent.from, sent.count * size_of(sent.type));
    return true;
  }
  return false;
}

}  // namespace pith::test
