// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace pith::bench {

struct Column {
  std::string name;
  std::string unit;       ///< shown below the name
  std::size_t width = 8;  ///< grows to what name and unit need
};

/// Lines of right-aligned columns, and comment lines that begin with #.
class Table {
 public:
  Table(std::ostream& out, std::vector<Column> columns);

  /// Names and units, as comments.
  void header();

  /// One cell per column; one that is too long shifts the rest of its line.
  void row(const std::vector<std::string>& cells);

  void comment(std::string_view text);

 private:
  void line(std::string_view start, const std::vector<std::string>& cells);

  std::ostream& out_;
  std::vector<Column> columns_;
};

/// 12.35 with two digits.
std::string fixed(double value, int digits);

/// 9.1e-01
std::string scientific(double value);

}  // namespace pith::bench
