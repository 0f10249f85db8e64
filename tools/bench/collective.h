// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <pith/comm/communicator.h>
#include <pith/core/range.h>

namespace pith::bench {

/// What a command measures, compressed and raw, over a gradient of n elements.
///
///   allreduce        every rank gives n elements and gets n
///   reduce_scatter   every rank gives n elements and gets its shard, of n/p
///   allgather        every rank gives its shard and gets n elements
enum class Collective : std::uint8_t { all_reduce, reduce_scatter, all_gather };

std::string_view name_of(Collective collective);

/// What each link carries of a gradient's bytes in a perfect ring, as nccl-tests count it.
double bus_factor(Collective collective, std::size_t ranks);

/// Of n elements, what this rank gives.
Range given(Collective collective, const Communicator& communicator, std::size_t n);

/// Of n elements, what this rank gets.
Range received(Collective collective, const Communicator& communicator, std::size_t n);

/// [n r/p, n (r+1)/p).
Range shard_of(const Communicator& communicator, std::size_t n);

}  // namespace pith::bench
