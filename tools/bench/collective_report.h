// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <pith/comm/communicator.h>

#include "cases.h"
#include "new_file.h"
#include "options.h"
#include "table.h"

namespace pith::bench {

/// What a checked step found.
struct CollectiveCheck {
  std::size_t wrong = 0;
  std::optional<double> relative_error;
};

/// One line of a collective's command. docs/numbers.md defines the numbers.
struct CollectiveResult {
  Collective collective = Collective::all_reduce;
  CollectiveCase what;
  std::size_t size = 0;  ///< bytes
  std::size_t count = 0;
  std::size_t ranks = 1;
  double seconds = 0;
  double raw_seconds = 0;
  double raw16_seconds = 0;
  double wire_bytes = 0;
  double raw_wire_bytes = 0;
  double message_bytes = 0;  ///< of all ranks together; as the seconds below, 0: not told
  double encode_seconds = 0;
  double exchange_seconds = 0;
  double decode_seconds = 0;
  std::optional<CollectiveCheck> check;

  double effx() const { return raw_seconds / seconds; }
  double algbw() const { return static_cast<double>(size) / seconds / 1e9; }
  double busbw() const;
  double wire_ratio() const;
  double ratio() const;
};

/// Rank 0 prints results as they come and writes them to the JSON file at the end; every rank knows
/// the exit code.
class CollectiveReport {
 public:
  /// Throws   UsageError on every rank if rank 0 cannot create the file.
  CollectiveReport(const CollectiveOptions& options, Communicator& communicator);

  void add(const CollectiveResult& result);
  void comment(const std::string& text);

  /// The sums over all layers of a model, for cases that none of them left out.
  void add_sums();

  /// The footer and the file. Returns the exit code.
  int finish();

 private:
  void create_file();
  void print_header();
  void print(const CollectiveResult& result);
  std::string json() const;

  const CollectiveOptions& options_;
  Communicator& communicator_;
  std::optional<NewFile> file_;
  Table table_;
  std::vector<CollectiveResult> results_;
};

}  // namespace pith::bench
