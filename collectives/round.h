// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/core/scratch.h>
#include <pith/feedback/feedback.h>

namespace pith {

/// What went wrong on this rank in a step, kept until the ranks agree at its end.
struct Fault {
  /// garbled: a message that came between devices is not valid, which is the fault of the wire
  /// unless a rank says that what it sent was not finite.
  enum class Kind : std::uint8_t { usage, wire, non_finite, garbled, device };
  Kind kind = Kind::usage;
  std::string text;  ///< names the tensor and the value
};

/// What all exchanges of one step share.
struct Round {
  Communicator& communicator;
  Scratch& scratch;
  StepContext step = {};  ///< guarantee, exact and gradient_scale are filled in per unit
  double divisor = 1;     ///< of the sum over the ranks
  int message = 0;        ///< which of the rules' messages is exchanged
  std::uint64_t seed = 0;
  std::uint64_t config = 0;    ///< hash of the registration
  std::uint64_t sequence = 0;  ///< of the next message; exchanges count it up
  std::uint32_t epoch = 0;
  std::uint32_t bucket = 0;      ///< of the bucket at hand
  bool check_signature = false;  ///< raw and linear compare signatures in this step
  bool plain = false;            ///< nothing is compressed or kept, and all ranks know it
  bool measure_error = false;    ///< fill in UnitCost::relative_error and the norms
  std::vector<Fault> faults = {};
};

}  // namespace pith
