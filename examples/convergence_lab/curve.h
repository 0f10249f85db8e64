// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <pith/comm/communicator.h>

#include "client.h"
#include "method.h"

namespace convergence_lab {

/// Where a method stood after some rounds; bytes are the mean over the ranks, of one rank.
struct Point {
  std::size_t round = 0;
  double message_bytes = 0;  ///< of its own messages
  double wire_bytes = 0;     ///< sent in all, counted at the communicator
  double gradient_norm = 0;  ///< of the mean over all clients, exact
  std::optional<double> objective = std::nullopt;
};

/// One method's way, the same on all ranks.
struct Curve {
  Method method;
  double step = 0;
  std::vector<Point> points;
  std::string stopped = {};  ///< why it ended early; empty: it did not
};

struct Duration {
  std::size_t rounds = 1000;
  std::size_t every = 1;  ///< rounds between two points
};

/// Runs the method from the client's start. It ends early, and says why, when a number is no longer
/// finite or the gradient's norm has grown by 1e9 times.
///
/// Wire   the method has a communicator of its own, split off, so that what is sent for measuring
///        does not count.
Curve run_method(const Method& method, double step, const Client& client, const Duration& duration,
                 std::uint64_t seed, pith::Communicator& clients);

}  // namespace convergence_lab
