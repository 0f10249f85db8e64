// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace convergence_lab {

using Vector = std::vector<double>;

/// What one client knows of a problem: its own part f_i of f = mean of the f_i, or, of a game, its
/// own part F_i of an operator F = mean of the F_i, of which a zero is sought.
struct Client {
  using Map = std::function<void(std::span<const double> x, std::span<double> out)>;

  Vector start;  ///< the same on all clients
  Map gradient;  ///< grad f_i(x), or F_i(x)

  /// f_i(x). A game has none.
  std::function<double(std::span<const double> x)> objective = {};

  /// M x for a symmetric M that bounds the Hessian of f_i everywhere. A game has none.
  Map curvature = {};
};

}  // namespace convergence_lab
