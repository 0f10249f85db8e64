// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pith {

/// One compressed unit, since the reducer was made, on this rank.
struct UnitStatistics {
  std::string name;  ///< the tensor's; "bucket 0", "model" or "dense" for several together
  std::vector<std::string> tensors;
  std::size_t elements = 0;
  std::size_t dense_bytes = 0;  ///< elements in their own type
  std::string compressor;       ///< the current one
  std::string feedback;
  std::string exchange;
  std::string why_dense;  ///< why it is not compressed, if it is not
  std::uint64_t steps = 0;
  std::uint64_t message_bytes = 0;  ///< of this rank's own messages, all steps
  double ratio = 1;                 ///< dense bytes over message bytes, all steps
  double relative_error = -1;       ///< ||composed - sent|| / ||composed|| when last measured
  /// 1 - relative_error^2: what was sent took that share of the squared norm away. Below 0: nothing
  /// would have been nearer. Empty: not measured yet.
  std::optional<double> contraction = {};
  double gradient_norm = -1;  ///< of this rank's, without the loss scale; below 0: not measured yet
  double residual_norm = -1;  ///< of what is not sent yet, likewise (docs/health.md)
  double encode_seconds = 0;  ///< all steps
  double exchange_seconds = 0;
  double decode_seconds = 0;
};

/// One way in which a bucket may travel.
struct AutomaticWay {
  std::string compressor;
  std::string exchange;
  double predicted_seconds = 0;  ///< by this rank; rank 0's count
  double measured_seconds = -1;  ///< encode, exchange and decode on this rank; below 0: never
  std::uint64_t steps = 0;       ///< in which it was in use
};

/// Units that are decided together, where exchange=auto or compressor=auto(...) leave a choice.
struct AutomaticStatistics {
  std::vector<std::string> units;
  std::size_t elements = 0;
  std::vector<AutomaticWay> ways;
  std::size_t chosen = 0;  ///< index of the way in use
};

/// What a policy has chosen for the steps from `step` on.
struct AdaptiveDecision {
  std::uint64_t step = 0;
  std::vector<std::string> compressors;  ///< of the units, in their order
  std::vector<double> ratios;            ///< of their bytes to those expected of a message
  double error = 0;                      ///< summed over them, in the policy's norm
  std::uint64_t cost = 0;                ///< bytes on the wire, or nanoseconds
  bool within_budget = true;             ///< false: nothing is, and this comes nearest to it
};

/// Units whose compressors a policy chooses together: those of one adaptive(...).
struct AdaptiveStatistics {
  std::string policy;
  std::vector<std::string> units;
  std::vector<AdaptiveDecision> decisions;  ///< all, in their order
  double seconds = 0;                       ///< that measuring and choosing took on this rank
};

/// A unit in danger, as this rank has measured it.
struct HealthWarning {
  std::string unit;
  std::string compressor;  ///< "onebit(scale=l2) over sharded"
  std::string cause;       ///< "no contraction" or "growing residual"
  std::uint64_t step = 0;  ///< in which that was found
  double value = 0;        ///< the contraction; or the residual's norm over the gradient's
};

/// A unit that left its compressor for ReducerOptions::fallback.
struct FallbackStatistics {
  std::string unit;
  std::string compressor;   ///< which it left, as in HealthWarning
  std::string why;          ///< "no contraction on rank 3", of the first such rank
  std::uint64_t since = 0;  ///< the first step with the fallback
  std::uint64_t until = 0;  ///< the first one with what the schedule brought; 0: it still holds
};

/// The whole reducer. Two numbers, never mixed (docs/numbers.md): `ratio` counts this rank's own
/// messages, headers and agreement included; `wire_bytes` what it sent during the whole operation.
struct Statistics {
  std::uint64_t steps = 0;  ///< committed
  std::uint64_t skipped_steps = 0;
  std::size_t parameters = 0;
  std::uint64_t dense_bytes = 0;      ///< of all tensors, all committed steps
  std::uint64_t message_bytes = 0;    ///< of this rank's own messages, all committed steps
  std::uint64_t wire_bytes = 0;       ///< counted at the communicator, all committed steps
  std::uint64_t node_wire_bytes = 0;  ///< those of them that stayed within the node
  std::size_t nodes = 0;              ///< of the node stage; 0: there is none
  double ratio = 1;                   ///< dense_bytes / message_bytes
  double wire_ratio = 1;              ///< a raw all-reduce's wire bytes over wire_bytes
  std::vector<UnitStatistics> units;
  std::vector<AutomaticStatistics> automatic;
  std::vector<AdaptiveStatistics> adaptive;   ///< but for seconds, the same on all ranks
  std::vector<HealthWarning> warnings;        ///< each rank's own, in the order of their steps
  std::vector<FallbackStatistics> fallbacks;  ///< the same on all ranks, likewise
};

}  // namespace pith
