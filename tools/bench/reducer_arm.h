// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/reducer/reducer.h>

#include "collective_arm.h"

namespace pith::bench {

/// A compressed all-reduce as a trainer calls it: a reducer of one tensor.
template <Element T>
class ReducerArm final : public CompressedArm<T> {
 public:
  /// Throws   UsageError, on every rank, for what is not legal at this size.
  ReducerArm(Communicator& communicator, const ArmCase& what);

  /// Replaces x by the estimate. Throws Error if the step was skipped.
  Sample run(std::span<T> x) override;

  CollectiveCase settle(std::span<T> x) override;

  /// What compressor and exchange are chosen among.
  std::vector<AutomaticStatistics> decisions() const { return reducer_.statistics().automatic; }

  std::span<const T> result(std::span<const T> x) const override { return x; }
  std::uint64_t steps() const override { return reducer_.statistics().steps; }
  std::vector<StateView<T>> states() override { return reducer_.template states<T>(); }
  std::optional<double> relative_error() const override {
    return reducer_.statistics().units.front().relative_error;
  }

 private:
  Communicator& communicator_;
  Reducer reducer_;
  CollectiveCase what_;
  bool chooses_;
};

}  // namespace pith::bench
