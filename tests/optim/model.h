// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/optim/adam_optimizer.h>

#include "support/exchange/trajectory.h"

namespace pith::test {

/// One block of scales for a whole tensor, as papers have it.
inline const std::string kOneScale = "onebit(block=1073741824)";
inline const std::string kOneL2Scale = "onebit(block=1073741824,scale=l2)";

/// One rank's copy of a model of a few tensors.
template <Element T>
struct Model {
  explicit Model(const std::vector<std::size_t>& sizes) {
    for (const std::size_t n : sizes) {
      parameters.push_back(gradient<T>(n, 1'000'000 + parameters.size(), 0));
      gradients.emplace_back(n);
    }
  }

  void join(AdamOptimizer<T>& optimizer) {
    for (std::size_t t = 0; t < parameters.size(); ++t) {
      optimizer.add(name(t), parameters[t], gradients[t]);
    }
  }

  /// Normal gradients, rank `rank`'s of a step.
  void draw(std::uint64_t step, int rank) {
    for (std::size_t t = 0; t < gradients.size(); ++t) {
      const auto drawn = gradient<T>(gradients[t].size(), 100 * step + t, rank);
      gradients[t].assign(drawn.begin(), drawn.end());
    }
  }

  /// In the memory that the optimizer knows.
  void set_gradient(std::size_t t, const std::vector<T>& values) {
    std::ranges::copy(values, gradients[t].begin());
  }

  static std::string name(std::size_t t) { return "w" + std::to_string(t); }

  std::vector<std::vector<T>> parameters;
  std::vector<std::vector<T>> gradients;
};

/// A state as long as its tensor, zero where this rank holds none of it.
template <Element T>
std::vector<T> state(AdamOptimizer<T>& optimizer, const std::string& name, std::size_t n) {
  std::vector<T> all(n);
  bool found = false;
  for (const StateView<T>& view : optimizer.states()) {
    if (view.name != name) continue;
    std::ranges::copy(view.values, all.begin() + static_cast<std::ptrdiff_t>(view.first));
    found = true;
  }
  EXPECT_TRUE(found || name.find("owner") != std::string::npos) << name;
  return all;
}

template <Element T>
T scalar(AdamOptimizer<T>& optimizer, const std::string& name) {
  return state(optimizer, name, 1).front();
}

/// Every byte of every state, with its name.
template <Element T>
std::string state_bytes(AdamOptimizer<T>& optimizer) {
  std::string all;
  for (const StateView<T>& view : optimizer.states()) {
    all += view.name + ":";
    const auto bytes = std::as_bytes(std::span<const T>(view.values));
    all.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return all;
}

template <Element T>
void expect_near(const std::vector<T>& x, const std::vector<T>& expected, double tolerance) {
  ASSERT_EQ(x.size(), expected.size());
  for (std::size_t i = 0; i < x.size(); ++i) ASSERT_NEAR(x[i], expected[i], tolerance) << i;
}

}  // namespace pith::test
