// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/reducer/sharded_calls.h>

#include "collective_arm.h"

namespace pith::bench {

/// A compressed reduce-scatter or all-gather as a trainer calls it.
template <Element T>
class ShardedArm final : public CompressedArm<T> {
 public:
  /// The first call, of zeros, registers; it is what refuses.
  ShardedArm(Communicator& communicator, const ArmCase& what);

  Sample run(std::span<T> x) override;
  CollectiveCase settle(std::span<T>) override { return what_.what; }

  std::span<const T> result(std::span<const T>) const override { return result_; }
  std::uint64_t steps() const override { return steps_; }
  std::vector<StateView<T>> states() override;

 private:
  bool call(std::span<const T> mine);
  Range given_here() const { return given(what_.collective, *part_, what_.shape.elements()); }

  std::unique_ptr<Communicator> part_;  // what the calls keep ends with it
  ArmCase what_;
  std::vector<T> result_;
  std::uint64_t steps_ = 0;
};

}  // namespace pith::bench
