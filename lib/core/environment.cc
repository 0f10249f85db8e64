// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/algorithm/string/trim.hpp>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>

#include <unistd.h>

#include <pith/core/arguments.h>
#include <pith/core/environment.h>
#include <pith/core/error.h>
#include <pith/core/log.h>

namespace pith {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

bool is_known(std::string_view name) { return std::ranges::count(known_environment(), name) != 0; }

/// The variable's value; empty if it is not set or the program runs with another user's rights.
std::string variable(std::string_view name) {
  const char* value = secure_getenv(std::string(name).c_str());
  return value == nullptr ? "" : value;
}

/// Adds what one line sets; returns what is wrong with it, or nothing.
std::string read_line(std::string line, Values& values) {
  line.erase(std::min(line.find('#'), line.size()));
  boost::trim(line);
  if (line.empty()) return {};
  const std::size_t equals = line.find('=');
  if (equals == std::string::npos) return "expected NAME=value, not \"" + line + "\"";
  const std::string name = boost::trim_copy(line.substr(0, equals));
  if (name == "PITH_CONFIG") return "a file cannot name another one";
  if (!is_known(name)) return unknown_name("variable", name, known_environment());
  const bool added = values.emplace(name, boost::trim_copy(line.substr(equals + 1))).second;
  return added ? "" : name + " is set twice";
}

Values read_file(const std::string& path) {
  std::ifstream file(path);
  Values values;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string problem = read_line(line, values);
    if (problem.empty()) continue;
    throw UsageError("PITH_CONFIG: " + path + ":" + std::to_string(number) + ": " + problem);
  }
  if (!file.eof()) {
    throw UsageError("PITH_CONFIG: cannot read \"" + path + "\": " + std::strerror(errno));
  }
  return values;
}

/// The value in PITH_CONFIG's file; empty if there is none.
std::string configured(std::string_view name, const std::string& path) {
  if (path.empty() || name == "PITH_CONFIG") return {};
  const Values values = read_file(path);
  const auto found = values.find(name);
  return found == values.end() ? "" : found->second;
}

}  // namespace

std::optional<std::string> environment(std::string_view name) {
  if (!is_known(name)) {
    throw UsageError("environment: " + unknown_name("variable", name, known_environment()));
  }
  std::string origin = "the environment";
  std::string value = variable(name);
  if (value.empty()) {
    origin = variable("PITH_CONFIG");
    value = configured(name, origin);
  }
  if (value.empty()) return {};
  // The log asks for its own level here before it can write a line.
  if (name != "PITH_DEBUG") {
    log(LogLevel::info, "CONFIG", std::string(name) + "=" + value + " from " + origin);
  }
  return value;
}

std::optional<std::uint64_t> environment_integer(std::string_view name, std::uint64_t low,
                                                 std::uint64_t high) {
  const auto text = environment(name);
  if (!text) return {};
  std::uint64_t number = 0;
  const char* end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || stop != end || number < low || number > high) {
    throw UsageError(std::string(name) + " must be a whole number from " + std::to_string(low) +
                     " to " + std::to_string(high) + ", not \"" + *text + "\"");
  }
  return number;
}

std::vector<std::string> unknown_environment() {
  std::vector<std::string> unknown;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    if (!name.starts_with("PITH_") || is_known(name) || variable(name).empty()) continue;
    unknown.push_back(unknown_name("variable", name, known_environment()));
  }
  return unknown;
}

const std::vector<std::string>& known_environment() {
  static const std::vector<std::string> names{
      "PITH_COMPRESSOR",   "PITH_FEEDBACK",       "PITH_EXCHANGE", "PITH_MIN_BYTES",
      "PITH_BUCKET_BYTES", "PITH_START_STEP",     "PITH_COMMIT",   "PITH_SEED",
      "PITH_CHECK_EVERY",  "PITH_STATS",          "PITH_DEBUG",    "PITH_CONFIG",
      "PITH_THREADS",      "PITH_PROGRESS",       "PITH_NODE",     "PITH_SHARED_MEMORY",
      "PITH_FALLBACK",     "PITH_TIMEOUT_SECONDS"};
  return names;
}

}  // namespace pith
