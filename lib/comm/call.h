// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <pith/core/element.h>

namespace pith::local {

enum class Operation : std::uint8_t {
  all_reduce,
  reduce_scatter,
  all_gather,
  all_to_all,
  broadcast,
  barrier,
  split
};

/// What one rank brings to an operation, as the other ranks see it. Fields that the operation does
/// not have stay as they are here.
struct Call {
  Operation operation = Operation::barrier;
  ElementType type = ElementType::float32;
  std::span<const std::byte> out = {};
  std::span<std::byte> in = {};
  std::span<const std::size_t> out_sizes = {};
  std::span<const std::size_t> in_sizes = {};
  int root = 0;
  int color = 0;
  int key = 0;
};

/// "all_reduce(1000 x float32)", "all_gather(3 4 0 bytes)", "broadcast(16 bytes from rank 1)".
std::string text(const Call& call);

/// What does not fit between the calls of ranks 0, 1, ...: both calls and ranks by name. Empty if
/// they fit: the same operation, type, root and sizes, and in all_to_all what each rank sends is
/// what the other expects.
std::string mismatch(std::span<const Call> calls);

}  // namespace pith::local
