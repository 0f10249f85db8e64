// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "codec.h"
#include "new_file.h"
#include "options.h"
#include "table.h"

namespace pith::bench {

/// Medians, measured in turns.
struct DeviceSeconds {
  double copy = 0;  ///< of the gradient, from device to device
  double encode = 0;
  double decode = 0;
  std::optional<double> graph = {};  ///< encode and decode, launched as one graph
};

/// One line of `pith-bench codec --device`. docs/numbers.md defines the numbers.
struct DeviceResult {
  std::string compressor;
  std::string feedback;
  std::size_t count = 0;
  DeviceSeconds seconds = {};
  std::size_t payload_bytes = 0;
  std::optional<CodecCheck> check = {};

  std::size_t bytes() const { return count * sizeof(float); }
};

/// Prints results as they come and writes them to the JSON file at the end.
class DeviceReport {
 public:
  explicit DeviceReport(const CodecOptions& options);

  void add(const DeviceResult& result);
  void comment(const std::string& text) { table_.comment(text); }

  /// The footer and the file. Returns the exit code.
  int finish();

 private:
  std::string json() const;

  const CodecOptions& options_;
  std::string device_;
  std::optional<NewFile> file_;
  Table table_;
  std::vector<DeviceResult> results_;
};

}  // namespace pith::bench
