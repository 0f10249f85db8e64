// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace program {

/// An option's value, by its default.
boost::program_options::typed_value<std::string>* text(const std::string& value);
boost::program_options::typed_value<double>* real(double value);
boost::program_options::typed_value<std::int64_t>* whole(std::int64_t value);

/// Reads checked values out of a command line.
class Reader {
 public:
  /// Throws   pith::UsageError for what the description does not know.
  Reader(int argc, const char* const* argv,
         const boost::program_options::options_description& description);

  /// The text to print if --help was given, or none.
  const std::string& help() const { return help_; }

  /// Each throws pith::UsageError with the option and its value if that is none of those expected.
  std::string text(const char* name) const { return values_[name].as<std::string>(); }
  double real(const char* name, bool good(double), const char* expected) const;
  std::int64_t whole(const char* name, std::int64_t low, std::int64_t high = 1'000'000'000) const;

  /// All values of an option that may be repeated, or none.
  std::vector<std::string> texts(const char* name) const;

  template <class Enum>
  Enum choice(const char* name, const std::map<std::string, Enum>& choices) const {
    const auto found = choices.find(text(name));
    std::string expected;
    for (const auto& [known, value] : choices) expected += (expected.empty() ? "" : " or ") + known;
    require(found != choices.end(), name, text(name), expected);
    return found->second;
  }

 private:
  static void require(bool good, const std::string& name, const std::string& value,
                      const std::string& expected);

  boost::program_options::variables_map values_;
  std::string help_;
};

}  // namespace program
