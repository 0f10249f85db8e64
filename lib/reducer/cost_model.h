// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <pith/comm/operation_times.h>
#include <pith/reducer/codec_times.h>
#include <pith/reducer/layout.h>

namespace pith {

/// Predicts how long a bucket takes if its units travel in some way: what each operation of the
/// exchange takes on this link (docs/exchanges.md, "Steps and bytes") and what rule and codec take,
/// one after the other.
class CostModel {
 public:
  /// Collective: measures the link (operation_times.h), up to `largest_bytes`.
  CostModel(Communicator& communicator, std::size_t largest_bytes);

  /// Seconds for these units of the plan. Measures the codec at the first use of a way: not
  /// collective.
  double seconds(const Choice& choice, const std::vector<UnitPlan>& plan,
                 const std::vector<std::size_t>& units);

 private:
  struct Sums;  // over the units of a bucket

  double link_seconds(const Choice& choice, const Sums& sums) const;
  double gather(double bytes) const;
  double scatter(double bytes) const;
  double average(double elements, double bytes, bool sixteen_bit) const;

  double ranks_;
  OperationTimes times_;
  CodecMeter codecs_;
};

}  // namespace pith
