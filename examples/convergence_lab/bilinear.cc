// SPDX-License-Identifier: Apache-2.0
#include "bilinear.h"

#include <cmath>
#include <memory>

namespace convergence_lab {
namespace {

struct Game {
  std::size_t d;
  double lambda;
  Vector pairing;  // A, row by row
  Vector own;      // a, then b

  Game(std::size_t client, std::size_t size, double regularisation)
      : d(size), lambda(regularisation), pairing(d * d), own(2 * d) {
    const auto m = static_cast<double>(client);
    for (std::size_t r = 0; r < d; ++r) {
      const auto i = static_cast<double>(r);
      for (std::size_t c = 0; c < d; ++c) {
        const auto j = static_cast<double>(c);
        pairing[r * d + c] = std::sin(1 + 0.7 * m + 1.3 * i + 2.1 * j + 0.5 * i * j);
      }
      own[r] = std::cos(0.3 + m + i);
      own[d + r] = std::sin(0.2 + 2 * m + i);
    }
  }

  void apply(std::span<const double> z, std::span<double> out) const {
    for (std::size_t i = 0; i < d; ++i) {
      double along_y = own[i] + lambda * z[i];
      double along_x = -own[d + i] + lambda * z[d + i];
      for (std::size_t j = 0; j < d; ++j) {
        along_y += pairing[i * d + j] * z[d + j];
        along_x -= pairing[j * d + i] * z[j];
      }
      out[i] = along_y;
      out[d + i] = along_x;
    }
  }
};

}  // namespace

Client bilinear(std::size_t client, std::size_t d, double lambda) {
  const auto game = std::make_shared<const Game>(client, d, lambda);
  return {.start = Vector(2 * d, 1.0),
          .gradient = [game](auto z, auto out) { game->apply(z, out); }};
}

}  // namespace convergence_lab
