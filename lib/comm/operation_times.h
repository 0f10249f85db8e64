// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <pith/comm/communicator.h>
#include <pith/core/curve.h>

namespace pith {

/// How long the collectives of a communicator take on this rank, measured: seconds against bytes,
/// latency and rate of the link and of the back end's algorithms in one curve each.
///
/// Cost     at least two calls for every size, each four times the one before, up to `largest`
///          bytes or until a call takes a 20th of a second.
/// Memory   2 `largest` bytes while it measures, with more than `largest`/64 ranks 64 p.
/// Throws   TransportError.
class OperationTimes {
 public:
  /// Collective: every rank gives the same `largest`.
  OperationTimes(Communicator& communicator, std::size_t largest);

  Curve all_reduce;  ///< and the quotient, of the buffer's bytes
  Curve all_gather;  ///< of one rank's part
  Curve all_to_all;  ///< of all that a rank sends, its own block included; blocks of one size
};

}  // namespace pith
