// SPDX-License-Identifier: Apache-2.0
#include "curve.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "mean_over_clients.h"
#include "norm.h"
#include "solver.h"

namespace convergence_lab {
namespace {

constexpr double kLost = 1e9;

Point measure(std::size_t round, std::span<const double> x, const Client& client,
              const Solver& solver, std::uint64_t wire_bytes, pith::Communicator& clients) {
  Vector values(x.size() + 3);
  client.gradient(x, std::span(values).first(x.size()));
  const auto others = std::span(values).last(3);
  others[0] = static_cast<double>(solver.message_bytes());
  others[1] = static_cast<double>(wire_bytes);
  others[2] = client.objective ? client.objective(x) : 0;
  mean_over_clients(clients, values);
  Point point{.round = round, .message_bytes = others[0], .wire_bytes = others[1]};
  point.gradient_norm = norm(std::span(values).first(x.size()));
  if (client.objective) point.objective = others[2];
  return point;
}

/// What is wrong at the last point, or nothing.
std::string trouble(const std::vector<Point>& points) {
  const Point& now = points.back();
  std::ostringstream text;
  if (!std::isfinite(now.gradient_norm) || !std::isfinite(now.objective.value_or(0))) {
    text << "the gradient's norm is " << now.gradient_norm;
    if (now.objective) text << ", the objective " << *now.objective;
  } else if (now.gradient_norm > kLost * std::max(1.0, points.front().gradient_norm)) {
    text << "the gradient's norm has grown from " << points.front().gradient_norm << " to "
         << now.gradient_norm;
  }
  return text.str();
}

}  // namespace

Curve run_method(const Method& method, double step, const Client& client, const Duration& duration,
                 std::uint64_t seed, pith::Communicator& clients) {
  const auto own = clients.split(0, clients.rank());
  const auto solver = make_solver(method, step, client, seed, *own);
  Curve curve{.method = method, .step = step, .points = {}};
  Vector x = client.start;
  std::string problem;
  std::size_t round = 0;
  while (true) {
    if (round % duration.every == 0 || round == duration.rounds) {
      curve.points.push_back(measure(round, x, client, *solver, own->wire_bytes(), clients));
      problem = trouble(curve.points);
    }
    if (!problem.empty() || round == duration.rounds) break;
    try {
      solver->round(x);
      ++round;
    } catch (const Diverged& error) {
      problem = error.what();
    }
  }
  if (!problem.empty()) {
    curve.stopped = "diverged after round " + std::to_string(round) + ": " + problem;
  }
  return curve;
}

}  // namespace convergence_lab
