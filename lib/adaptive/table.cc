// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>

#include <fnmatch.h>

#include <pith/adaptive/level.h>
#include <pith/adaptive/table.h>
#include <pith/core/error.h>

namespace pith {
namespace {

constexpr std::string_view kBlanks = " \t\r";

struct Line {
  std::string place;  ///< "layers.txt:3"
  std::string pattern;
  Pipeline pipeline;

  bool matches(const std::string& name) const {
    return fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
  }
};

// A # inside a word is part of it.
std::string without_comment(const std::string& text) {
  std::size_t at = text.find('#');
  while (at != std::string::npos && at > 0 && kBlanks.find(text[at - 1]) == kBlanks.npos) {
    at = text.find('#', at + 1);
  }
  return text.substr(0, at);
}

Pipeline parse_at(const std::string& place, std::string_view text) {
  try {
    return parse_pipeline(text);
  } catch (const UsageError& error) {
    throw UsageError(place + ": " + error.what());
  }
}

Line parse_line(const std::string& place, const std::string& text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  const std::size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
  if (text.find_first_not_of(kBlanks, end) == text.npos) {
    throw UsageError(place + ": expected a pattern and a spec, not \"" + text + "\"");
  }
  return {place, text.substr(begin, end - begin), parse_at(place, text.substr(end))};
}

std::vector<Line> read_lines(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw UsageError("table: cannot read " + file);
  std::vector<Line> lines;
  std::size_t number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    text = without_comment(text);
    if (text.find_first_not_of(kBlanks) == text.npos) continue;
    lines.push_back(parse_line(file + ":" + std::to_string(number), text));
  }
  if (in.bad()) throw UsageError("table: cannot read " + file);
  return lines;
}

class Table final : public Policy {
 public:
  Table(const std::string& file, std::span<const std::string> names)
      : Policy(names), lines_(read_lines(file)) {
    for (const Line& line : lines_) {
      const auto matched = [&](const std::string& name) { return line.matches(name); };
      if (std::ranges::any_of(names, matched)) continue;
      throw UsageError(line.place + ": no layer's name matches " + line.pattern);
    }
    for (const std::string& name : names) {
      const auto first =
          std::ranges::find_if(lines_, [&](const Line& line) { return line.matches(name); });
      if (first == lines_.end()) throw UsageError(file + ": no line matches " + name);
      deciding_.push_back(static_cast<std::size_t>(first - lines_.begin()));
    }
  }

 private:
  Solution decide(const Measurements& measured) override {
    Assignment assignment;
    for (std::size_t l = 0; l < deciding_.size(); ++l) {
      assignment.push_back(candidate(measured.pipelines[l], lines_[deciding_[l]], names()[l]));
    }
    return evaluate({.layers = measured.layers, .current = measured.current},
                    std::move(assignment));
  }

  static std::size_t candidate(const std::vector<Pipeline>& candidates, const Line& line,
                               const std::string& name) {
    try {
      return candidate_of(candidates, line.pipeline, name);
    } catch (const UsageError& error) {
      throw UsageError(line.place + ": " + error.what());
    }
  }

  std::vector<Line> lines_;
  std::vector<std::size_t> deciding_;  ///< layer by layer, the line
};

}  // namespace

std::unique_ptr<Policy> make_table(Arguments& arguments, std::span<const std::string> names) {
  const auto file = arguments.optional_spec("file");
  if (!file) throw UsageError("table: the file is missing, as in table(layers.txt)");
  return std::make_unique<Table>(file->text(), names);
}

}  // namespace pith
