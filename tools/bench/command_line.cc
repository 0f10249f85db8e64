// SPDX-License-Identifier: Apache-2.0
#include "command_line.h"

#include <algorithm>
#include <sstream>

#include <pith/core/error.h>

namespace pith::bench {
namespace {

namespace po = boost::program_options;

using Words = std::vector<std::string>;

std::string shown(const po::variable_value& value) {
  std::ostringstream out;
  if (const auto* words = boost::any_cast<Words>(&value.value())) {
    for (const std::string& word : *words) out << (word == words->front() ? "" : " ") << word;
  } else if (const auto* whole = boost::any_cast<std::int64_t>(&value.value())) {
    out << *whole;
  } else if (const auto* number = boost::any_cast<double>(&value.value())) {
    out << *number;
  } else if (const auto* text = boost::any_cast<std::string>(&value.value())) {
    out << *text;
  }
  return out.str();
}

}  // namespace

CommandLine::CommandLine(int argc, const char* const* argv,
                         const po::options_description& description) try {
  po::store(po::command_line_parser(argc, argv).options(description).positional({}).run(), values_);
} catch (const po::error& error) {
  throw UsageError(std::string(error.what()) + " (--help shows all)");
}

const Words& CommandLine::words(const char* name) const { return values_[name].as<Words>(); }

std::size_t CommandLine::whole(const char* name, std::size_t low, std::size_t high) const {
  const auto value = values_[name].as<std::int64_t>();
  const bool inside = value >= 0 && static_cast<std::size_t>(value) >= low &&
                      static_cast<std::size_t>(value) <= high;
  if (!inside) {
    fail(name, "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return static_cast<std::size_t>(value);
}

double CommandLine::number_above(const char* name, double low) const {
  const double value = values_[name].as<double>();
  if (!(value > low)) fail(name, "a number above " + shown(po::variable_value(low, false)));
  return value;
}

std::optional<double> CommandLine::optional_number_above(const char* name, double low) const {
  if (!given(name)) return std::nullopt;
  return number_above(name, low);
}

std::size_t CommandLine::choice(const char* name, const Words& allowed) const {
  const auto found = std::ranges::find(allowed, text(name));
  std::string expected;
  for (const std::string& word : allowed) expected += (expected.empty() ? "" : " or ") + word;
  if (found == allowed.end()) fail(name, expected);
  return static_cast<std::size_t>(found - allowed.begin());
}

std::string CommandLine::parameters() const {
  std::string all;
  for (const auto& [name, value] : values_) {
    if (name != "json" && name != "help")
      all += (all.empty() ? "" : " ") + name + " " + shown(value);
  }
  return all;
}

void CommandLine::fail(const std::string& name, const std::string& expected) const {
  throw UsageError("--" + name + " " + shown(values_[name]) + ": expected " + expected);
}

}  // namespace pith::bench
