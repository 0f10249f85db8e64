// SPDX-License-Identifier: Apache-2.0
#include "command_line.h"

#include <cmath>
#include <sstream>

#include <pith/core/error.h>

namespace program {

namespace po = boost::program_options;

po::typed_value<std::string>* text(const std::string& value) {
  return po::value<std::string>()->default_value(value);
}

po::typed_value<double>* real(double value) { return po::value<double>()->default_value(value); }

po::typed_value<std::int64_t>* whole(std::int64_t value) {
  return po::value<std::int64_t>()->default_value(value);
}

Reader::Reader(int argc, const char* const* argv, const po::options_description& description) try {
  // With a description of positional ones, an empty one here, stray words are errors.
  po::store(po::command_line_parser(argc, argv).options(description).positional({}).run(), values_);
  if (values_.count("help") == 0) return;
  std::ostringstream help;
  help << description;
  help_ = help.str();
} catch (const po::error& error) {
  throw pith::UsageError(std::string(error.what()) + " (--help shows all)");
}

std::vector<std::string> Reader::texts(const char* name) const {
  if (values_.count(name) == 0) return {};
  return values_[name].as<std::vector<std::string>>();
}

double Reader::real(const char* name, bool good(double), const char* expected) const {
  const double value = values_[name].as<double>();
  std::ostringstream shown;
  shown << value;
  require(std::isfinite(value) && good(value), name, shown.str(), expected);
  return value;
}

std::int64_t Reader::whole(const char* name, std::int64_t low, std::int64_t high) const {
  const auto value = values_[name].as<std::int64_t>();
  require(low <= value && value <= high, name, std::to_string(value),
          "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  return value;
}

void Reader::require(bool good, const std::string& name, const std::string& value,
                     const std::string& expected) {
  if (!good) throw pith::UsageError("--" + name + " " + value + ": expected " + expected);
}

}  // namespace program
