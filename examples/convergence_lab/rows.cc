// SPDX-License-Identifier: Apache-2.0
#include "rows.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <numeric>
#include <sstream>

#include <pith/comm/communicator.h>
#include <pith/core/error.h>
#include <pith/core/hash.h>

#include "program/shuffle.h"

namespace convergence_lab {
namespace {

constexpr std::uint32_t kMaxFeatures = 1u << 24;  // a wrong index must not eat the memory

/// Reads the words of one line and names it in errors.
class LineReader {
 public:
  LineReader(const std::string& name, std::size_t number) : name_(name), number_(number) {}

  double label(const std::string& word) const {
    const double value = number(word.front() == '+' ? word.substr(1) : word);
    if (!std::isfinite(value)) fail("the label \"" + word + "\" is no finite number");
    return value;
  }

  void entry(const std::string& word, Rows& rows) const {
    const auto colon = word.find(':');
    if (colon == std::string::npos) fail("\"" + word + "\" is not index:value");
    const std::uint32_t index = index_of(word.substr(0, colon), word);
    const bool first = rows.columns.size() == rows.starts.back();
    if (!first && index <= rows.columns.back() + 1) fail("\"" + word + "\" does not ascend");
    const double value = number(word.substr(colon + 1));
    if (!std::isfinite(value)) fail("the value of \"" + word + "\" is no finite number");
    rows.columns.push_back(index - 1);
    rows.values.push_back(value);
    rows.features = std::max<std::size_t>(rows.features, index);
  }

 private:
  static double number(const std::string& text) {
    double value = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
    return problem == std::errc() && end == text.data() + text.size() ? value : std::nan("");
  }

  std::uint32_t index_of(const std::string& text, const std::string& word) const {
    std::uint32_t index = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (problem != std::errc() || end != text.data() + text.size() || index < 1 ||
        index > kMaxFeatures) {
      fail("the index of \"" + word + "\" is not a whole number from 1 to " +
           std::to_string(kMaxFeatures));
    }
    return index;
  }

  [[noreturn]] void fail(const std::string& problem) const {
    throw pith::UsageError(name_ + ":" + std::to_string(number_) + ": " + problem);
  }

  const std::string& name_;
  std::size_t number_;
};

void append_row(const Rows& from, std::size_t row, Rows& to) {
  const auto begin = static_cast<std::ptrdiff_t>(from.starts[row]);
  const auto end = static_cast<std::ptrdiff_t>(from.starts[row + 1]);
  to.labels.push_back(from.labels[row]);
  to.lines.push_back(from.lines[row]);
  to.columns.insert(to.columns.end(), from.columns.begin() + begin, from.columns.begin() + end);
  to.values.insert(to.values.end(), from.values.begin() + begin, from.values.begin() + end);
  to.starts.push_back(to.columns.size());
}

}  // namespace

Rows read_libsvm(std::istream& text, const std::string& name) {
  Rows rows;
  std::string line;
  for (std::size_t number = 1; std::getline(text, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    const LineReader reader(name, number);
    std::string word;
    if (!(words >> word)) continue;
    const double label = reader.label(word);
    while (words >> word) reader.entry(word, rows);
    rows.labels.push_back(label);
    rows.lines.push_back(number);
    rows.starts.push_back(rows.columns.size());
  }
  if (rows.size() == 0 || rows.features == 0) throw pith::UsageError(name + " holds no rows");
  return rows;
}

Rows read_libsvm(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) {
    throw pith::UsageError(path.string() + " cannot be opened: " + std::strerror(errno));
  }
  return read_libsvm(file, path.string());
}

void separate_classes(Rows& rows, const std::string& name) {
  const double first = rows.labels.front();
  const auto differs = [&](double label) { return label != first; };
  const auto found = std::ranges::find_if(rows.labels, differs);
  std::ostringstream shown;
  if (found == rows.labels.end()) {
    shown << name << ": all labels are " << first << "; classes are two";
    throw pith::UsageError(shown.str());
  }
  const double other = *found;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    double& label = rows.labels[row];
    if (label != first && label != other) {
      shown << name << ':' << rows.lines[row] << ": the label is " << label << " where others are "
            << first << " and " << other << "; classes are two";
      throw pith::UsageError(shown.str());
    }
    label = label == std::max(first, other) ? 1 : -1;
  }
}

Rows deal(const Rows& rows, Split split, std::uint64_t seed, std::size_t client,
          std::size_t clients) {
  if (rows.size() < clients) {
    throw pith::UsageError("a client has no rows: there are " + std::to_string(rows.size()) +
                           " rows for " + std::to_string(clients) + " clients");
  }
  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0u);
  if (split == Split::shuffled) {
    program::shuffle(order, {.seed = seed, .tensor = pith::hash("rows")});
  } else {
    std::ranges::stable_sort(order, {}, [&](std::uint32_t row) { return rows.labels[row]; });
  }
  Rows mine;
  mine.features = rows.features;
  const std::size_t end = pith::block_start(rows.size(), clients, client + 1);
  for (std::size_t i = pith::block_start(rows.size(), clients, client); i < end; ++i) {
    append_row(rows, order[i], mine);
  }
  return mine;
}

}  // namespace convergence_lab
