// SPDX-License-Identifier: Apache-2.0
#include "solver.h"

#include <algorithm>
#include <utility>

#include <pith/core/arguments.h>
#include <pith/optim/masha.h>
#include <pith/optim/scafcom.h>
#include <pith/optim/scallion.h>
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
    if (!result.committed) throw Diverged(result.reason);
    for (std::size_t j = 0; j < x.size(); ++j) x[j] -= step_ * estimate_[j];
  }

  std::uint64_t message_bytes() const override { return reducer_.statistics().message_bytes; }

 private:
  double step_;
  const Client& client_;
  Vector estimate_;
  pith::Reducer reducer_;
};

/// Everything that a solver is made from.
struct Request {
  const Method& method;
  double step;
  const Client& client;
  std::uint64_t seed;
  pith::Communicator& communicator;
};

/// SCALLION or SCAFCOM.
class Averaging final : public Solver {
 public:
  Averaging(std::unique_ptr<pith::ControlledAveraging<double>> method, const Client& client)
      : method_(std::move(method)), client_(client) {}

  void round(std::span<double> x) override {
    const auto result = method_->round(x, client_.gradient);
    if (!result.committed) throw Diverged(result.reason);
  }

  std::uint64_t message_bytes() const override { return method_->statistics().message_bytes; }

 private:
  std::unique_ptr<pith::ControlledAveraging<double>> method_;
  const Client& client_;
};

template <template <class> class Averager>
std::unique_ptr<Solver> make_averaging(const Request& request, const char* share, double fallback) {
  pith::Arguments arguments(request.method.algorithm);
  const double value = arguments.number(share, fallback, 0, 1);
  const pith::ControlledAveragingOptions options{
      .compressor = request.method.compressor,
      .exchange = request.method.exchange,
      .local_steps = arguments.integer("local_steps", 5, 1, 1'000'000),
      .local_rate = request.step,
      .global_rate = arguments.number("global_rate", 1, 0, 1e6),
      .participants = static_cast<int>(arguments.integer("participants", 0, 0, 1024)),
      .seed = request.seed};
  arguments.finish();
  const auto shape = nearly_square(request.client.start.size());
  return std::make_unique<Averaging>(
      std::make_unique<Averager<double>>(request.communicator, shape, options, value),
      request.client);
}

template <template <class> class Method>
class Extragradient final : public Solver {
 public:
  Extragradient(const Request& request, const pith::MashaOptions& options)
      : client_(request.client),
        method_(request.communicator, nearly_square(client_.start.size()), options) {}

  void round(std::span<double> x) override {
    const auto result = method_.round(x, client_.gradient);
    if (!result.committed) throw Diverged(result.reason);
  }

  std::uint64_t message_bytes() const override {
    return method_.statistics().message_bytes + method_.anchor_statistics().message_bytes;
  }

 private:
  const Client& client_;
  Method<double> method_;
};

template <template <class> class Method>
std::unique_ptr<Solver> make_extragradient(const Request& request) {
  pith::Arguments arguments(request.method.algorithm);
  const pith::MashaOptions options{
      .compressor = request.method.compressor,
      .exchange = request.method.exchange,
      .step = request.step,
      .tau = arguments.optional_number("tau", 0, 1).value_or(0.75),
      .refresh_every = arguments.integer("refresh_every", 0, 0, 1'000'000),
      .seed = request.seed};
  arguments.finish();
  return std::make_unique<Extragradient<Method>>(request, options);
}

struct Entry {
  std::string_view name;
  std::unique_ptr<Solver> (*make)(const Request&);
};

constexpr Entry kSolvers[] = {
    {"scallion",
     [](const Request& request) { return make_averaging<pith::Scallion>(request, "alpha", 0.1); }},
    {"scafcom",
     [](const Request& request) { return make_averaging<pith::Scafcom>(request, "beta", 0.2); }},
    {"masha1", make_extragradient<pith::Masha1>},
    {"masha2", make_extragradient<pith::Masha2>},
};

}  // namespace

std::unique_ptr<Solver> make_solver(const Method& method, double step, const Client& client,
                                    std::uint64_t seed, pith::Communicator& communicator) {
  const auto found = std::ranges::find(kSolvers, method.algorithm.name, &Entry::name);
  if (found != std::end(kSolvers)) {
    return found->make({method, step, client, seed, communicator});
  }
  return std::make_unique<Descent>(method, step, client, seed, communicator);
}

}  // namespace convergence_lab
