// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/optim/controlled_averaging.h>

#include "golden/problems.h"

namespace pith::test {

/// Eight clients in four dimensions, minimum at 0, where no client's own gradient is zero.
inline Problem federated() {
  return {8, {5, -3, 2, 4}, [](std::size_t rank, std::uint64_t step, const Vector& x) {
            // grad of the problem of four clients at half the shift, when the clients repeat.
            static const Problem four = heterogeneous();
            const Vector zero(x.size());
            const double share = rank < 4 ? 1 : 0.5;
            const Vector at_x = four.gradient(rank % 4, step, x);
            const Vector at_zero = four.gradient(rank % 4, step, zero);
            Vector gradient(x.size());
            for (std::size_t j = 0; j < x.size(); ++j) {
              gradient[j] = at_x[j] + (share - 1) * at_zero[j] - (static_cast<double>(rank) - 3.5);
            }
            return gradient;
          }};
}

/// A rank's gradient of the problem, as averaging methods ask for it.
inline ControlledAveraging<double>::Gradient gradient_of(const Problem& problem, int rank) {
  return [&problem, rank](std::span<const double> y, std::span<double> out) {
    const Vector g = problem.gradient(static_cast<std::size_t>(rank), 0, {y.begin(), y.end()});
    std::copy(g.begin(), g.end(), out.begin());
  };
}

/// Copies the values of one object's states to another's of the same kind.
inline void copy_states(const std::vector<StateView<double>>& from,
                        const std::vector<StateView<double>>& to) {
  for (std::size_t s = 0; s < from.size(); ++s) {
    std::copy(from[s].values.begin(), from[s].values.end(), to[s].values.begin());
  }
}

}  // namespace pith::test
