// SPDX-License-Identifier: Apache-2.0
#include "table.h"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace pith::bench {

Table::Table(std::ostream& out, std::vector<Column> columns)
    : out_(out), columns_(std::move(columns)) {
  for (Column& column : columns_) {
    column.width = std::max({column.width, column.name.size(), column.unit.size()});
  }
}

void Table::header() {
  std::vector<std::string> names;
  std::vector<std::string> units;
  for (const Column& column : columns_) {
    names.push_back(column.name);
    units.push_back(column.unit);
  }
  line("#", names);
  line("#", units);
}

void Table::row(const std::vector<std::string>& cells) { line(" ", cells); }

void Table::comment(std::string_view text) { out_ << "# " << text << std::endl; }

// Each line is flushed: a measurement takes minutes and may be watched, or cut off.
void Table::line(std::string_view start, const std::vector<std::string>& cells) {
  out_ << start;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    out_ << "  " << std::setw(static_cast<int>(columns_[c].width)) << cells[c];
  }
  out_ << std::endl;
}

std::string fixed(double value, int digits) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << value;
  return out.str();
}

std::string scientific(double value) {
  std::ostringstream out;
  out << std::scientific << std::setprecision(1) << value;
  return out.str();
}

}  // namespace pith::bench
