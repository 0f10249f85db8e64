// SPDX-License-Identifier: Apache-2.0
#include "golden/descent.h"

#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/core/error.h>
#include <pith/core/log.h>

#include "support/exchange/trajectory.h"

namespace pith::test {
namespace {

std::string name_of(std::size_t method) { return "method" + std::to_string(method); }

ReducerOptions options_of(const std::vector<Method>& methods, Start start) {
  ReducerOptions options;
  options.start_step = start == Start::dense ? 1 : 0;
  for (std::size_t r = 0; r < methods.size(); ++r) {
    TensorRule rule;
    rule.pattern = name_of(r);
    rule.compressor = methods[r].compressor;
    rule.feedback = methods[r].feedback;
    rule.exchange = methods[r].compressor == "none" ? "natural" : methods[r].exchange;
    options.rules.push_back(rule);
  }
  return options;
}

}  // namespace

Descent::Descent(Communicator& communicator, const Problem& problem,
                 const std::vector<Method>& methods, Start start)
    : rank_(static_cast<std::size_t>(communicator.rank())),
      problem_(problem),
      methods_(methods),
      reducer_(communicator, options_of(methods, start)),
      x_(methods.size(), problem.start),
      pushed_(methods.size(), Vector(problem.start.size())),
      estimates_(pushed_) {
  set_log_level(LogLevel::none);  // that some of these diverge is what the tests are about
  for (std::size_t r = 0; r < methods.size(); ++r) {
    reducer_.add(name_of(r), nearly_square(problem.start.size()), ElementType::float64);
  }
}

void Descent::step(bool present) {
  for (std::size_t r = 0; r < methods_.size(); ++r) {
    if (!present || norm(x_[r]) > kLost) {
      reducer_.skip(name_of(r), estimates_[r]);
      continue;
    }
    pushed_[r] = problem_.gradient(rank_, step_, x_[r]);
    estimates_[r] = pushed_[r];
    reducer_.push(name_of(r), estimates_[r]);
  }
  ASSERT_TRUE(reducer_.wait().committed);
  for (std::size_t r = 0; r < methods_.size(); ++r) {
    if (norm(x_[r]) > kLost) continue;
    for (std::size_t j = 0; j < x_[r].size(); ++j) x_[r][j] -= methods_[r].rate * estimates_[r][j];
  }
  ++step_;
}

Vector Descent::state(std::size_t method, const std::string& name) {
  const auto states = reducer_.states<double>();
  const auto found =
      std::ranges::find(states, name_of(method) + "/" + name, &StateView<double>::name);
  if (found == states.end()) throw UsageError("no state " + name);
  return {found->values.begin(), found->values.end()};
}

std::vector<Trajectory> descend(const Problem& problem, const std::vector<Method>& methods,
                                std::size_t steps, Start start) {
  std::vector<Trajectory> trajectories(methods.size(), Trajectory{problem.start});
  std::vector<std::vector<Vector>> last(problem.ranks);
  run_local(static_cast<int>(problem.ranks), [&](Communicator& communicator) {
    Descent descent(communicator, problem, methods, start);
    const bool records = communicator.rank() == 0;
    for (std::size_t t = 0; t < steps; ++t) {
      descent.step();
      if (!records) continue;
      for (std::size_t r = 0; r < methods.size(); ++r) trajectories[r].push_back(descent.x(r));
    }
    auto& mine = last[static_cast<std::size_t>(communicator.rank())];
    for (std::size_t r = 0; r < methods.size(); ++r) mine.push_back(descent.x(r));
  });
  for (const auto& ranks : last) EXPECT_EQ(ranks, last.front()) << "replicas differ";
  return trajectories;
}

double steps_to(double tolerance, const Problem& problem, const Trajectory& trajectory) {
  const auto below = [&](const Vector& x) { return norm(mean_gradient(problem, x)) < tolerance; };
  const auto found = std::ranges::find_if(trajectory, below);
  if (found == trajectory.end()) return std::numeric_limits<double>::infinity();
  return static_cast<double>(found - trajectory.begin());
}

double largest_norm(const Trajectory& trajectory) {
  double largest = 0;
  for (const Vector& x : trajectory) largest = std::max(largest, norm(x));
  return largest;
}

double floor_of(const Problem& problem, const Trajectory& trajectory) {
  const std::size_t first = trajectory.size() / 2;
  double sum = 0;
  for (std::size_t t = first; t < trajectory.size(); ++t) {
    sum += norm(mean_gradient(problem, trajectory[t]));
  }
  return sum / static_cast<double>(trajectory.size() - first);
}

void expect_near(const Vector& x, const Vector& expected) {
  ASSERT_EQ(x.size(), expected.size());
  for (std::size_t j = 0; j < x.size(); ++j)
    EXPECT_NEAR(x[j], expected[j], 1e-9) << "element " << j;
}

}  // namespace pith::test
