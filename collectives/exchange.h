// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/collectives/legal.h>
#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>

namespace pith {

/// Runs the exchange on one bucket of units: composes, encodes, exchanges, decodes into unit.mean
/// and commits, by gather(), sharded(), sparse(), linear() or raw(), whose headers give steps and
/// wire bytes. What goes wrong on this rank alone is noted in round.faults; the rank keeps to the
/// schedule.
template <Element T>
void exchange(Exchange algorithm, std::span<Unit<T>> bucket, Round& round);

}  // namespace pith
