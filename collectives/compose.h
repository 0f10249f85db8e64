// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include <pith/collectives/round.h>
#include <pith/collectives/unit.h>
#include <pith/core/error.h>

// What every exchange does with a unit before the first byte moves.
namespace pith {

/// The fault of a unit of which x is not finite: names the tensor, the first bad element in it and
/// its value. `of`: whose element it is.
template <Element T>
Fault non_finite_fault(const Unit<T>& unit, std::span<const T> x, std::string_view of = {});

/// The same of an element that is known.
template <Element T>
Fault non_finite_fault(const Unit<T>& unit, const NonFiniteElement<T>& bad,
                       std::string_view of = {});

/// What the error means for a step with that unit.
template <Element T>
Fault fault_of(const Unit<T>& unit, const Error& error);

/// Work on the unit's device, unless something is wrong already. What it throws is noted in
/// round.faults, so that this rank keeps to the schedule; but for a TransportError.
template <Element T>
void on_device(const Unit<T>& unit, Round& round, const std::function<void()>& work);

/// Work that other ranks' devices wait for: a DeviceError of it becomes a TransportError, as this
/// rank cannot know how far it has come in the schedule.
template <Element T>
void between_devices(const Unit<T>& unit, const std::function<void()>& work);

/// What the observers of units on devices look at is going to be brought from there.
template <Element T>
void look_on_devices(std::span<const Unit<T>> bucket, Round& round);

/// Waits for the means on devices. What is wrong with them is noted in round.faults. If nothing is,
/// the units' observers are shown what was sent.
template <Element T>
void finish_on_devices(std::span<Unit<T>> bucket, Round& round);

/// Shows the unit's observer, if it has one, what it is going to send.
template <Element T>
void show(const Unit<T>& unit, const Peekable<T>& x, Round& round);

/// What a step tells the rule of a unit that travels with this promise.
template <Element T>
StepContext context_of(const Unit<T>& unit, const Guarantee& guarantee, bool exact,
                       const Round& round) {
  StepContext step = round.step;
  step.gradient_scale = unit.gradient_scale;
  step.guarantee = guarantee;
  step.exact = exact;
  return step;
}

/// The unit's rule begins its message, and the observer is shown what it composes.
template <Element T>
void begin_message(Unit<T>& unit, const Guarantee& guarantee, bool exact, Round& round);

/// All that the unit sends, from its rule. If it is not finite, that is noted in round.faults and
/// the caller sends nothing.
template <Element T>
std::span<const T> compose(Unit<T>& unit, const Guarantee& guarantee, bool exact, Round& round);

/// Puts the work of send_exactly() that is on devices into their streams, so that all of it is
/// under way before any is waited for.
template <Element T>
void begin_exactly_on_devices(std::span<Unit<T>> bucket, Round& round);

/// unit.mean = all that the unit sends, which arrives as it is; zeros if this rank sends nothing.
/// On a device it has been begun.
template <Element T>
void send_exactly(Unit<T>& unit, Round& round);

/// Fills in unit.cost.relative_error and the norms if the round measures them. Before commit(),
/// which may overwrite x.
template <Element T>
void measure_error(Unit<T>& unit, std::span<const T> x, const Decoded<T>& sent, Round& round);

/// The same where all arrives as it was sent; of ranks that take part.
template <Element T>
void measure_no_error(Unit<T>& unit, Round& round);

/// Keys this rank's random numbers for the unit; compressors that need numbers shared by all ranks
/// replace the rank. Each of a step's messages has numbers of its own.
template <Element T>
RandomKey key_of(const Unit<T>& unit, const Round& round) {
  return {round.seed, unit.key + static_cast<std::uint64_t>(round.message), round.step.step,
          static_cast<std::uint32_t>(round.communicator.rank())};
}

/// Notes in round.faults if the mean over the ranks is not finite: finite gradients can sum to an
/// infinity, which replicated state would keep.
template <Element T>
void check_mean(const Unit<T>& unit, Round& round);

/// The flags of a message of this round.
std::uint16_t flags_of(const Round& round, bool present);

/// In rounds that check, compares a signature of the bucket between all ranks; for exchanges whose
/// messages carry no header. Wire: (p-1) * 8 bytes. Throws UsageError on all ranks.
template <Element T>
void check_signature(std::span<const Unit<T>> bucket, std::string_view operation, Round& round);

/// The means of a bucket, which lie one after the other in memory, as one span.
template <Element T>
std::span<T> joined_means(std::span<const Unit<T>> bucket);

}  // namespace pith
