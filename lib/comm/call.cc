// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/comm/call.h>

namespace pith::local {
namespace {

std::string elements(std::size_t bytes, ElementType type) {
  return std::to_string(bytes / size_of(type)) + " x " + std::string(name_of(type));
}

std::string list(std::span<const std::size_t> sizes) {
  std::string out;
  for (const std::size_t size : sizes) out += std::to_string(size) + " ";
  return out + "bytes";
}

std::string on_rank(const Call& call, std::size_t rank) {
  return text(call) + " on rank " + std::to_string(rank);
}

bool fit(const Call& a, const Call& b) {
  if (a.operation != b.operation) return false;
  switch (a.operation) {
    case Operation::all_reduce:
      return a.type == b.type && a.in.size() == b.in.size();
    case Operation::reduce_scatter:
      return a.type == b.type && a.out.size() == b.out.size();
    case Operation::all_gather:
      return std::ranges::equal(a.out_sizes, b.out_sizes);
    case Operation::broadcast:
      return a.root == b.root && a.in.size() == b.in.size();
    case Operation::all_to_all:
    case Operation::barrier:
    case Operation::split:
      return true;
  }
  return false;
}

/// all_to_all has no size that all ranks share: what goes from one to the other must agree.
std::string pair_mismatch(std::span<const Call> calls) {
  for (std::size_t from = 0; from < calls.size(); ++from) {
    for (std::size_t to = 0; to < calls.size(); ++to) {
      const std::size_t sent = calls[from].out_sizes[to];
      const std::size_t expected = calls[to].in_sizes[from];
      if (sent == expected) continue;
      return on_rank(calls[from], from) + " sends " + std::to_string(sent) + " bytes to rank " +
             std::to_string(to) + ", " + on_rank(calls[to], to) + " expects " +
             std::to_string(expected);
    }
  }
  return "";
}

}  // namespace

std::string text(const Call& call) {
  switch (call.operation) {
    case Operation::all_reduce:
      return "all_reduce(" + elements(call.in.size(), call.type) + ")";
    case Operation::reduce_scatter:
      return "reduce_scatter(" + elements(call.out.size(), call.type) + ")";
    case Operation::all_gather:
      return "all_gather(" + list(call.out_sizes) + ")";
    case Operation::all_to_all:
      return "all_to_all(" + list(call.out_sizes) + ")";
    case Operation::broadcast:
      return "broadcast(" + std::to_string(call.in.size()) + " bytes from rank " +
             std::to_string(call.root) + ")";
    case Operation::barrier:
      return "barrier";
    case Operation::split:
      return "split";
  }
  return "unknown";
}

std::string mismatch(std::span<const Call> calls) {
  for (std::size_t rank = 1; rank < calls.size(); ++rank) {
    if (fit(calls[0], calls[rank])) continue;
    return on_rank(calls[rank], rank) + ", " + on_rank(calls[0], 0) + ": the calls do not fit";
  }
  return calls[0].operation == Operation::all_to_all ? pair_mismatch(calls) : "";
}

}  // namespace pith::local
