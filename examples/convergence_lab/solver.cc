// SPDX-License-Identifier: Apache-2.0
#include "solver.h"

#include <pith/core/error.h>
#include <pith/reducer/reducer.h>

#include "nearly_square.h"

namespace convergence_lab {
namespace {

pith::ReducerOptions reducer_options(const Method& method, std::uint64_t seed) {
  pith::ReducerOptions options;
  options.compressor = method.compressor;
  options.feedback = method.algorithm.text();
  options.exchange = method.exchange;
  options.min_bytes = 0;
  options.start_step = method.dense_first ? 1 : 0;
  options.seed = seed;
  return options;
}

/// Gradient descent along the estimate of a feedback rule.
class Descent final : public Solver {
 public:
  Descent(const Method& method, double step, const Client& client, std::uint64_t seed,
          pith::Communicator& communicator)
      : step_(step),
        client_(client),
        estimate_(client.start.size()),
        reducer_(communicator, reducer_options(method, seed)) {
    reducer_.add("x", nearly_square(estimate_.size()), pith::ElementType::float64);
  }

  void round(std::span<double> x) override {
    client_.gradient(x, estimate_);
    reducer_.push("x", std::span(estimate_));
    const auto result = reducer_.wait({.learning_rate = step_});
    if (!result.committed) throw pith::Error(result.reason);
    for (std::size_t j = 0; j < x.size(); ++j) x[j] -= step_ * estimate_[j];
  }

  std::uint64_t message_bytes() const override { return reducer_.statistics().message_bytes; }

 private:
  double step_;
  const Client& client_;
  Vector estimate_;
  pith::Reducer reducer_;
};

}  // namespace

std::unique_ptr<Solver> make_solver(const Method& method, double step, const Client& client,
                                    std::uint64_t seed, pith::Communicator& communicator) {
  return std::make_unique<Descent>(method, step, client, seed, communicator);
}

}  // namespace convergence_lab
