// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/reducer/choice.h>

namespace pith {

/// Bytes that one of `ranks` ranks sends for a unit of `dense_bytes` whose own message, or factors
/// of all rounds, take `bytes`; without what buckets and steps add (docs/exchanges.md, "Steps and
/// bytes"):
///
///   gather            (p-1) bytes
///   sharded, linear   2 (p-1)/p bytes
///   sparse            2 (p-1)/p * 2 bytes, as owners send about as much again
///   raw               2 (p-1)/p dense_bytes; `bytes` under cast
///
/// One rank sends nothing; then it is what two would send.
double wire_cost(const Choice& choice, double bytes, double dense_bytes, double ranks);

}  // namespace pith
