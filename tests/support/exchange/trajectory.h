// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/core/hash.h>
#include <pith/core/random.h>
#include <pith/core/shape.h>
#include <pith/reducer/reducer.h>

namespace pith::test {

/// This rank's gradient of a step: standard normal numbers, the same in every run.
template <Element T>
std::vector<T> gradient(std::size_t n, std::uint64_t step, int rank) {
  const Random random({.seed = 7, .step = step, .rank = static_cast<std::uint32_t>(rank)});
  std::vector<T> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<T>(random.normal(i));
  return values;
}

/// A shape of n elements that is a matrix wherever n allows it.
inline Shape nearly_square(std::size_t n) {
  std::size_t rows = static_cast<std::size_t>(std::sqrt(static_cast<double>(n)));
  while (rows > 1 && n % rows != 0) --rows;
  return n == 0 ? Shape{0, 0} : Shape{rows, n / rows};
}

/// Whether all ranks hold the same bits.
template <class V>
bool same_on_all_ranks(Communicator& communicator, std::span<const V> values) {
  const std::uint64_t mine = hash(std::as_bytes(values));
  std::vector<std::uint64_t> all(static_cast<std::size_t>(communicator.size()));
  communicator.all_gather(std::as_bytes(std::span(&mine, 1)),
                          std::as_writable_bytes(std::span(all)));
  for (const std::uint64_t other : all) {
    if (other != all.front()) return false;
  }
  return true;
}

/// Pushes and waits for one tensor "w" of n elements.
template <Element T>
StepResult step(Reducer& reducer, std::vector<T>& values) {
  reducer.push("w", std::span<T>(values));
  return reducer.wait({.learning_rate = 0.1});
}

/// Every byte of every state of a reducer, with its name: to compare before and after.
template <Element T>
std::string state_bytes(Reducer& reducer) {
  std::string all;
  for (const StateView<T>& state : reducer.states<T>()) {
    all += state.name + ":";
    const auto bytes = std::as_bytes(std::span<const T>(state.values));
    all.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return all;
}

}  // namespace pith::test
