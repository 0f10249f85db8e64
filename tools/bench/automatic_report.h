// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cases.h"
#include "new_file.h"
#include "ranks.h"
#include "reducer_arm.h"
#include "table.h"

namespace pith::bench {

struct AutomaticOptions {
  CollectiveCase what;
  std::vector<std::size_t> sizes;  // bytes
  std::size_t iterations = 0;
  std::size_t warm_up = 0;
  std::uint64_t seed = 0;
  std::string json;
  std::string parameters;
  Ranks ranks;
};

/// A way and what it took as the only one.
struct WayResult {
  AutomaticWay way;
  double seconds = 0;  ///< of a whole step
  double parts = 0;    ///< encode, exchange and decode

  /// Of the prediction, of what was measured.
  double error() const;
};

/// All ways at one size.
struct SizeResult {
  std::size_t bytes = 0;
  std::vector<WayResult> ways;
  std::size_t chosen = 0;

  /// Seconds of the fastest way.
  double best() const;
  /// What the choice takes, of what the best one takes.
  double choice() const;
};

/// Prints a line per way and what it sums up to, and writes the JSON file. On rank 0.
class AutomaticReport {
 public:
  AutomaticReport(const AutomaticOptions& options, int ranks);

  void add(const SizeResult& result);
  void finish();

 private:
  int ranks_;
  std::unique_ptr<NewFile> file_;
  Table table_;
  std::vector<SizeResult> results_;
  std::vector<double> errors_;
  double worst_ = 0;
};

}  // namespace pith::bench
