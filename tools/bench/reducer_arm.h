// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/core/shape.h>
#include <pith/reducer/reducer.h>

#include "cases.h"
#include "samples.h"

namespace pith::bench {

inline constexpr std::string_view kTensorName = "gradient";

/// A compressed all-reduce as a trainer calls it: a reducer of one tensor.
template <Element T>
class ReducerArm {
 public:
  /// The relative error is measured at step 0 and every `measure_every` steps; 0: never.
  /// Throws   UsageError, on every rank, for what is not legal at this size.
  ReducerArm(Communicator& communicator, const CollectiveCase& what, const Shape& shape,
             std::uint64_t seed, std::size_t measure_every);

  /// Replaces x by the estimate. Throws Error if the step was skipped.
  Sample run(std::span<T> x);

  /// Runs on x until nothing is left to be tried, if compressor or exchange are chosen as it runs,
  /// and the next step does not choose.
  void settle(std::span<T> x);

  /// What compressor and exchange are chosen among.
  AutomaticStatistics decisions() const { return reducer_.statistics().automatic.front(); }

  /// How it travels now.
  CollectiveCase chosen() const;

  std::uint64_t steps() const { return reducer_.statistics().steps; }
  double relative_error() const { return reducer_.statistics().units.front().relative_error; }
  std::vector<StateView<T>> states() { return reducer_.template states<T>(); }

 private:
  Communicator& communicator_;
  Reducer reducer_;
  bool chooses_;
};

/// The plain all-reduce that it stands for, as a trainer calls it without this library.
template <Element T>
class RawArm {
 public:
  explicit RawArm(Communicator& communicator) : communicator_(communicator) {}

  Sample run(std::span<T> x);

 private:
  Communicator& communicator_;
};

}  // namespace pith::bench
