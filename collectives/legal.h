// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace pith {

/// How a bucket's units reach the other ranks.
enum class Exchange : std::uint8_t { raw, gather, sharded, sparse, linear };

/// What a pipeline is used as; sparse: a message of entries that are cut and summed one by one.
enum class CompressorKind : std::uint8_t { none, message, sparse, linear };

/// All of them.
std::span<const Exchange> exchanges();

std::string_view name_of(Exchange exchange);
std::string_view name_of(CompressorKind kind);

/// The exchange of that name; throws UsageError with the nearest known one.
Exchange exchange_named(std::string_view name);

struct Combination {
  CompressorKind kind;
  Exchange exchange;
  std::string_view feedback;
};

/// Every combination of compressor kind, exchange and rule that is legal; all others are a usage
/// error on every rank. Tests iterate over it. The rule of a shard's owner in `sharded` follows
/// from the rank's (FeedbackEntry::owner); linear over raw is for casts alone: raw in 16 bit.
std::span<const Combination> legal_combinations();

/// The table's row, or null.
const Combination* find_combination(CompressorKind kind, Exchange exchange,
                                    std::string_view feedback);

}  // namespace pith
