// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <pith/collectives/stopwatch.h>
#include <pith/comm/communicator.h>
#include <pith/core/shape.h>
#include <pith/core/state.h>

#include "cases.h"
#include "collective.h"
#include "samples.h"

namespace pith::bench {

inline constexpr std::string_view kTensorName = "gradient";

/// One way to do a collective.
template <Element T>
class CollectiveArm {
 public:
  virtual ~CollectiveArm() = default;

  /// One operation on this rank's gradient, of which it takes what the collective takes. x may be
  /// overwritten.
  virtual Sample run(std::span<T> x) = 0;
};

/// A compressed one, with all that it keeps.
template <Element T>
class CompressedArm : public CollectiveArm<T> {
 public:
  /// Runs on x until nothing is left to be tried, if compressor or exchange are chosen as it runs,
  /// and the next step does not choose. Returns how it travels then.
  virtual CollectiveCase settle(std::span<T> x) = 0;

  /// What this rank got in the last run, which had x.
  virtual std::span<const T> result(std::span<const T> x) const = 0;

  virtual std::uint64_t steps() const = 0;  ///< run so far
  virtual std::vector<StateView<T>> states() = 0;

  /// Of the first checked step, where the library tells it.
  virtual std::optional<double> relative_error() const { return std::nullopt; }
};

/// What a compressed arm is made of.
struct ArmCase {
  Collective collective = Collective::all_reduce;
  CollectiveCase what;
  Shape shape;
  std::uint64_t seed = 0;
  std::size_t measure_every = 0;  ///< steps between measured relative errors; 0: never
};

/// Throws   UsageError, on every rank, for what is not legal at this size.
template <Element T>
std::unique_ptr<CompressedArm<T>> make_compressed_arm(Communicator& communicator,
                                                      const ArmCase& what);

/// What it stands for, as a trainer calls it without this library.
template <Element T>
std::unique_ptr<CollectiveArm<T>> make_raw_arm(Communicator& communicator, Collective collective,
                                               std::size_t elements);

/// All ranks begin together; what it sends and how long it takes.
template <class Operation>
Sample timed(Communicator& communicator, Operation&& operation) {
  Sample sample;
  communicator.barrier();
  const std::uint64_t before = communicator.wire_bytes();
  {
    Stopwatch watch(sample.seconds);
    operation();
  }
  sample.wire_bytes = static_cast<double>(communicator.wire_bytes() - before);
  return sample;
}

}  // namespace pith::bench
