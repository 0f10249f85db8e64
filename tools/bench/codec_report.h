// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codec.h"
#include "floors.h"
#include "new_file.h"
#include "options.h"
#include "table.h"

namespace pith::bench {

/// One line of `pith-bench codec`. docs/numbers.md defines the numbers.
struct CodecResult {
  std::string compressor;
  std::string feedback;
  std::string data;
  std::size_t count = 0;
  std::size_t bytes = 0;  ///< uncompressed
  double encode_seconds = 0;
  double decode_seconds = 0;
  FloorSeconds floors;  ///< measured in between
  std::size_t payload_bytes = 0;
  std::optional<CodecCheck> check;
  double of_first_data = 1;  ///< encode_seconds over those with the first kind of data
  double decode_of_first_data = 1;

  double of_residual_add() const { return encode_seconds / floors.residual_add; }
  double decode_of_residual_add() const { return decode_seconds / floors.residual_add; }
};

/// Prints results as they come and writes them to the JSON file at the end.
class CodecReport {
 public:
  explicit CodecReport(const CodecOptions& options);

  void add(const CodecResult& result);
  void comment(const std::string& text) { table_.comment(text); }

  /// The sums over all sizes, which are a model's layers.
  void add_sums();

  /// Prints the floors of a size, once all its codecs have been measured.
  void end_size(std::size_t bytes);

  /// The footer and the file. Returns the exit code.
  int finish();

 private:
  std::string json() const;

  const CodecOptions& options_;
  std::optional<NewFile> file_;
  Table table_;
  std::vector<CodecResult> results_;
};

}  // namespace pith::bench
