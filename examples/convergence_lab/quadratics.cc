// SPDX-License-Identifier: Apache-2.0
#include "quadratics.h"

#include <array>
#include <memory>

namespace convergence_lab {
namespace {

Client drawn(std::size_t client, std::size_t d, double smoothness, double low) {
  Vector scale(d);
  Vector shift(d);
  for (std::size_t j = 0; j < d; ++j) {
    const double step = static_cast<double>((7 * j + 3 * client) % 10) / 9;
    scale[j] = smoothness * (low + (1 - low) * step);
    shift[j] = static_cast<double>(5 * (client + 1) * (j + 2) % 11) - 5;
  }
  return quadratic(std::move(scale), std::move(shift), Vector(d, 1.0));
}

}  // namespace

Client quadratic(Vector scale, Vector shift, Vector start) {
  struct Terms {
    Vector scale;
    Vector shift;
  };
  const auto terms = std::make_shared<const Terms>(Terms{std::move(scale), std::move(shift)});
  Client client{.start = std::move(start), .gradient = {}};
  client.gradient = [terms](auto x, auto out) {
    for (std::size_t j = 0; j < x.size(); ++j) out[j] = terms->scale[j] * x[j] - terms->shift[j];
  };
  client.objective = [terms](auto x) {
    double sum = 0;
    for (std::size_t j = 0; j < x.size(); ++j) {
      sum += (terms->scale[j] * x[j] / 2 - terms->shift[j]) * x[j];
    }
    return sum;
  };
  client.curvature = [terms](auto x, auto out) {
    for (std::size_t j = 0; j < x.size(); ++j) out[j] = terms->scale[j] * x[j];
  };
  return client;
}

Client heterogeneous(std::size_t client) {
  static const std::array<Vector, kQuadraticClients> scale{
      {{1, 2, 3, 4}, {4, 1, 2, 3}, {3, 4, 1, 2}, {2, 3, 4, 1}}};
  static const std::array<Vector, kQuadraticClients> shift{
      {{10, -4, 2, 1}, {-6, 8, -3, 2}, {1, -5, 9, -4}, {-5, 1, -8, 1}}};
  return quadratic(scale[client], shift[client], {5, -3, 2, 4});
}

Client spread(std::size_t client, std::size_t d) { return drawn(client, d, 1, 0.2); }

Client unequal(std::size_t client, std::size_t d) {
  return drawn(client, d, client + 1 == kQuadraticClients ? 100 : 1, 0.1);
}

}  // namespace convergence_lab
