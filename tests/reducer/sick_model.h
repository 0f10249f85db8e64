// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <pith/comm/local.h>
#include <pith/core/random.h>
#include <pith/reducer/reducer.h>

namespace pith::test {

/// One 64 x 64 matrix x by gradient descent on f = sum of (x_i - t_i)^2 / 2, t_i = i + 1, on every
/// rank. Only the first elements count, so many: other gradients are zero.
class SickModel {
 public:
  static constexpr std::size_t kElements = 4096;

  explicit SickModel(std::size_t counting) : counting_(counting) {}

  std::vector<float> gradient() const {
    std::vector<float> g(kElements);
    for (std::size_t i = 0; i < counting_; ++i) g[i] = x_[i] - static_cast<float>(i + 1);
    return g;
  }

  void move(double rate, const std::vector<float>& estimate) {
    for (std::size_t i = 0; i < kElements; ++i) x_[i] -= static_cast<float>(rate) * estimate[i];
  }

  /// Where x = 0 it is 1.
  double loss() const {
    double now = 0, first = 0;
    for (std::size_t i = 0; i < counting_; ++i) {
      const double t = static_cast<double>(i + 1);
      now += (x_[i] - t) * (x_[i] - t);
      first += t * t;
    }
    return now / first;
  }

  const std::vector<float>& x() const { return x_; }

 private:
  std::size_t counting_;
  std::vector<float> x_ = std::vector<float>(kElements);
};

/// Normal numbers for a matrix, others in each of 23 steps and on each of 4 ranks.
inline const std::vector<float>& noise(std::uint64_t step, int rank) {
  constexpr std::size_t kRanks = 4;
  static const auto kAll = [] {
    std::vector<std::vector<float>> all(23 * kRanks, std::vector<float>(SickModel::kElements));
    for (std::size_t number = 0; number < all.size(); ++number) {
      const Random random({.seed = 3, .tensor = number});
      for (std::size_t i = 0; i < all[number].size(); ++i) {
        all[number][i] = static_cast<float>(random.normal(i));
      }
    }
    return all;
  }();
  return kAll[step % 23 * kRanks + static_cast<std::size_t>(rank)];
}

struct SickRun {
  Statistics statistics;
  std::vector<double> losses;  ///< behind each step
  std::vector<float> x;
};

/// Every rank's run of `steps`; `change` may change what a rank pushes.
inline std::vector<SickRun> run_sick(
    int ranks, const ReducerOptions& options, std::size_t counting, std::uint64_t steps,
    double rate = 0.5,
    const std::function<void(std::uint64_t, int, std::vector<float>&)>& change = {},
    const LocalOptions& local = {}, bool begins = false) {
  std::vector<SickRun> runs(static_cast<std::size_t>(ranks));
  run_local(
      ranks,
      [&](Communicator& communicator) {
        Reducer reducer(communicator, options);
        reducer.add("w", {64, 64});
        SickModel model(counting);
        SickRun& run = runs[static_cast<std::size_t>(communicator.rank())];
        for (std::uint64_t step = 0; step < steps; ++step) {
          auto g = model.gradient();
          if (change) change(step, communicator.rank(), g);
          if (begins) reducer.begin();
          reducer.push("w", std::span(g));
          if (reducer.wait().committed) model.move(rate, g);
          run.losses.push_back(model.loss());
        }
        run.statistics = reducer.statistics();
        run.x = model.x();
      },
      local);
  return runs;
}

}  // namespace pith::test
