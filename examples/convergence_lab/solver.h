// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include <pith/comm/communicator.h>
#include <pith/core/error.h>

#include "client.h"
#include "method.h"

namespace convergence_lab {

/// A number is no longer finite.
class Diverged : public pith::Error {
 public:
  using Error::Error;
};

/// One rank's share in moving x. Every rank makes the same calls; x has the same bits on all.
class Solver {
 public:
  virtual ~Solver() = default;

  /// Throws   Diverged, on every rank, with x as it was.
  virtual void round(std::span<double> x) = 0;

  /// Of this rank's own messages, in all rounds.
  virtual std::uint64_t message_bytes() const = 0;
};

/// What the method's algorithm does with `step`:
///
///   a feedback rule                    x -= step * estimate of the mean gradient
///   scallion(alpha=0.1, local_steps=5, global_rate=1, participants=0), scafcom(beta=0.2, ...)
///                                      local steps of that rate
///   masha1(tau=0.75, refresh_every=0), masha2(...)
///                                      gamma = step
///
/// Throws   pith::UsageError for what the library does not know. What is passed must outlive it.
std::unique_ptr<Solver> make_solver(const Method& method, double step, const Client& client,
                                    std::uint64_t seed, pith::Communicator& communicator);

}  // namespace convergence_lab
