// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace fashion_mnist {

/// Tells a person how training goes: a bar on the standard error if that is a terminal, and one
/// line per epoch on the standard output. Silent on all ranks but the first.
class Progress {
 public:
  Progress(bool speaks, std::size_t steps);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Moves the bar; draws it ten times per second at most.
  void step(std::size_t done);

  /// Prints a line above the bar.
  void line(const std::string& text);

 private:
  void erase();

  bool speaks_;
  bool terminal_;
  std::size_t steps_;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace fashion_mnist
