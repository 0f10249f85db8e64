// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <pith/collectives/legal.h>
#include <pith/reducer/reducer.h>

namespace pith::test {

/// One legal way of a gradient to the other ranks and back.
struct Way {
  std::string compressor;
  std::string exchange;
  std::string feedback;

  std::string name() const { return compressor + " " + exchange + " " + feedback; }
};

/// Every row of the table of legal combinations with every registered compressor's example and some
/// more specs of that kind.
std::vector<Way> legal_ways();
std::vector<Way> ways_with(std::string_view feedback);

/// Factors that are averaged in 16 bit: the mean is rounded once more, which no residual knows of.
bool rounds_the_mean(const Way& way);

/// One rank's reducer with one small matrix for every way.
template <Element T>
class Trial {
 public:
  static Shape shape() { return {11, 7}; }

  Trial(Communicator& communicator, const std::vector<Way>& ways, ReducerOptions options = {});

  /// Fills every tensor with normal numbers that depend on tensor, step and rank.
  void draw(std::uint64_t step);

  /// The gradient after draw(), the estimate after exchange().
  std::vector<T>& operator[](std::size_t way) { return tensors_[way]; }
  std::size_t size() const { return tensors_.size(); }

  /// Pushes every tensor and waits.
  StepResult exchange(const StepOptions& step = {});

  /// A state of that way on this rank, as long as the tensor, zero where this rank has none of it.
  std::vector<T> state(std::size_t way, const std::string& name);

  /// All states one after the other, or those of one scope.
  std::vector<T> states(std::optional<Scope> scope = std::nullopt);

 private:
  std::size_t rank_;
  std::vector<std::string> names_;
  Reducer reducer_;
  std::vector<std::vector<T>> tensors_;
};

}  // namespace pith::test
