// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <pith/collectives/round.h>
#include <pith/comm/communicator.h>

namespace pith {

/// Bytes that every rank sends to every other one to agree on a step.
inline constexpr std::size_t kAgreementBytes = 16;

/// What the ranks found together.
struct Agreement {
  bool usage = false;
  bool device = false;
  bool wire = false;
  bool non_finite = false;
  std::string text;  ///< every rank's faults, one line each; empty if all is well

  bool all_well() const { return !usage && !device && !wire && !non_finite; }

  /// Throws UsageError, DeviceError or WireError with the text if there is any of it.
  void throw_errors() const;
};

/// Ends a step: every rank tells whether it met a fault, and the digest of what must be equal on
/// all ranks (step, plan, step options). A digest that differs is a usage fault.
///
/// Wire     (p-1) * 16 bytes; if anything is wrong, the texts too.
Agreement agree(Communicator& communicator, const std::vector<Fault>& faults, std::uint64_t digest);

/// Before the exchanges of a plain step: whether all ranks can go in place, and are in the same
/// step with the same options.
///
/// Wire     (p-1) * 16 bytes.
bool agree_in_place(Communicator& communicator, bool can, std::uint64_t digest);

/// Throws a UsageError on every rank, with all ranks' texts, if one rank's is not empty.
void share_error(Communicator& communicator, const std::string& text);

/// Every rank's text, in rank order.
std::vector<std::string> gather_texts(Communicator& communicator, const std::string& text);

}  // namespace pith
