// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <pith/compressors/message.h>
#include <pith/core/range.h>
#include <pith/feedback/feedback.h>

namespace pith {

/// An element that is not a number to send.
template <Element T>
struct NonFiniteElement {
  std::size_t index = 0;
  T value = 0;
};

/// What an exchange between devices moved.
struct DeviceBytes {
  std::size_t message = 0;  ///< of this rank's own messages
  std::uint64_t wire = 0;   ///< counted at the devices' communicator
};

/// A unit's tensor, rule, compressor and mean on a device, as the exchanges see them: there it is
/// composed, encoded, committed and decoded; what goes through the communicator passes through
/// pinned host memory. Messages have the bytes that the host's compressor gives them, so ranks
/// whose tensors lie elsewhere take part in the same exchange.
///
/// Calls that only put work into the tensor's stream return at once; those that say so wait for it.
/// Throws   DeviceError; UsageError for what has no device version.
template <Element T>
class DeviceUnit {
 public:
  virtual ~DeviceUnit() = default;

  /// Whether it is exchanged by the devices' own communicator: then exchange() is all that happens
  /// to it before finish_mean().
  virtual bool goes_between_devices() const { return false; }

  /// Of what it composes next, these elements can be peeked at in looked() behind finish_mean().
  /// Their beginnings ascend. Takes all memory that this needs.
  virtual void look_at(std::span<const Range> ranges) = 0;
  virtual const Peekable<T>& looked() const = 0;

  /// Composes, encodes and commits, and takes the mean over the ranks, all on the devices. A rank
  /// that is not present sends zeros and keeps its states. Waits only where the communicator does.
  virtual DeviceBytes exchange(const StepContext& step, const RandomKey& key, T divisor,
                               bool present) = 0;

  /// Composes, encodes and commits one message, cut at `cuts`.
  virtual void encode(const StepContext& step, Cuts cuts, const RandomKey& key) = 0;

  /// Its segments, until the step ends; waits. Throws NonFiniteError if an element is not finite.
  virtual void collect(std::span<std::span<const std::byte>> segments) = 0;

  /// Composes, and commits as sent exactly.
  virtual void send_exactly(const StepContext& step) = 0;

  /// out = what send_exactly() composed; waits.
  virtual void collect_exactly(std::span<T> out) = 0;

  /// Of what was composed last, the first element that is not finite; waits.
  virtual NonFiniteElement<T> first_non_finite() = 0;

  /// Factor `round` of a linear compressor, composed in round 0 and committed. A rank that is not
  /// present gives that of zeros and keeps its states.
  virtual void factor(int round, const StepContext& step, const RandomKey& key, bool present) = 0;

  /// out = the factor `round`; waits. Throws NonFiniteError if an element is not finite.
  virtual void collect_factor(int round, std::span<T> out) = 0;

  /// The average over the ranks of that factor, of which nothing is needed behind this call.
  virtual void take_average(int round, std::span<const T> average) = 0;
  /// mean = what the averages stand for.
  virtual void reconstruct() = 0;

  /// The elements `range` of the mean = (the sum of what the segments decode to, in their order) /
  /// divisor; they count their elements from `first`. An owner's segments are those of its own
  /// compressor.
  virtual void decode(std::span<const std::span<const std::byte>> segments, Range range,
                      std::size_t first, T divisor) = 0;

  /// mean = `mean`, of which nothing is needed behind this call.
  virtual void take_mean(std::span<const T> mean) = 0;

  /// Looks whether the mean is finite, which finish_mean() returns.
  virtual void check_mean() = 0;

  /// Behind check_mean(), waits until the mean is there. Returns whether it is finite. Throws
  /// WireError if a segment is not valid; after exchange() NonFiniteError if an element that it
  /// composed is not finite, and TransportError.
  virtual bool finish_mean() = 0;
};

}  // namespace pith
