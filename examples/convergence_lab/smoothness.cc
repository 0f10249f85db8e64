// SPDX-License-Identifier: Apache-2.0
#include "smoothness.h"

#include <cmath>
#include <numeric>

#include "mean_over_clients.h"
#include "norm.h"

namespace convergence_lab {
namespace {

constexpr double kPrecision = 1e-12;
constexpr int kMostIterations = 10'000;

}  // namespace

double largest_eigenvalue(const Client::Map& product, std::size_t n) {
  Vector x(n);
  // No entries alike, so that no eigenvector of a tidy matrix is orthogonal to it.
  for (std::size_t j = 0; j < n; ++j) x[j] = 1 + std::sin(static_cast<double>(j + 1));
  Vector image(n);
  double value = 0;
  for (int iteration = 0; iteration < kMostIterations; ++iteration) {
    const double length = norm(x);
    for (double& element : x) element /= length;
    product(x, image);
    const double before = value;
    value = norm(image);
    if (!(std::abs(value - before) > kPrecision * value)) break;
    x.swap(image);
  }
  return value;
}

Smoothness measure_smoothness(const Client& client, pith::Communicator& clients) {
  const std::size_t n = client.start.size();
  Smoothness result;
  result.of_clients.resize(static_cast<std::size_t>(clients.size()));
  const double own = largest_eigenvalue(client.curvature, n);
  clients.all_gather(std::as_bytes(std::span(&own, 1)),
                     std::as_writable_bytes(std::span(result.of_clients)));
  const auto mean = [&](std::span<const double> x, std::span<double> out) {
    client.curvature(x, out);
    mean_over_clients(clients, out);
  };
  result.of_mean = largest_eigenvalue(mean, n);
  const auto& each = result.of_clients;
  const auto count = static_cast<double>(each.size());
  result.arithmetic_mean = std::accumulate(each.begin(), each.end(), 0.0) / count;
  result.quadratic_mean = norm(each) / std::sqrt(count);
  return result;
}

}  // namespace convergence_lab
