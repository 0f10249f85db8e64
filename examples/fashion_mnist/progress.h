// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <iosfwd>
#include <string>

namespace fashion_mnist {

/// Tells a person how training goes: one line per epoch on the standard output, and a bar there if
/// somebody watches it, or else on the standard error if that is a terminal. Silent on all ranks
/// but the first.
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
  std::ostream* bar_;  // null: nobody would see one
  std::size_t steps_;
  std::chrono::steady_clock::time_point drawn_;
};

}  // namespace fashion_mnist
