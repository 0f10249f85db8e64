// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <pith/comm/communicator.h>

namespace pith::bench {

/// One operation on one rank.
struct Sample {
  double seconds = 0;
  double wire_bytes = 0;     ///< counted at the communicator
  double message_bytes = 0;  ///< of this rank's own messages
  double encode_seconds = 0;
  double exchange_seconds = 0;
  double decode_seconds = 0;
};

/// The same operations as all ranks saw them.
class Samples {
 public:
  /// Gathers every rank's samples, one per operation, as many on each rank.
  Samples(Communicator& communicator, const std::vector<Sample>& mine);

  /// The largest over the ranks, the median of it over the operations.
  double slowest(double Sample::*field) const;

  /// The sum over the ranks, the median of it over the operations.
  double total(double Sample::*field) const;

 private:
  std::size_t ranks_;
  std::vector<Sample> all_;  // rank by rank
};

}  // namespace pith::bench
