// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pith::bench {

/// Reads checked values out of a parsed command line. Names are the long ones.
/// Throws   UsageError with the option, its value and what is expected.
class CommandLine {
 public:
  CommandLine(int argc, const char* const* argv,
              const boost::program_options::options_description& description);

  bool given(const char* name) const { return values_.count(name) != 0; }
  std::string text(const char* name) const { return values_[name].as<std::string>(); }
  const std::vector<std::string>& words(const char* name) const;
  std::size_t whole(const char* name, std::size_t low, std::size_t high) const;
  double number_above(const char* name, double low) const;
  std::optional<double> optional_number_above(const char* name, double low) const;

  /// Index of the option's value among `allowed`.
  std::size_t choice(const char* name, const std::vector<std::string>& allowed) const;

  /// Every option that has a value, but `json`: "minbytes 64M iters 20 ...".
  std::string parameters() const;

 private:
  [[noreturn]] void fail(const std::string& name, const std::string& expected) const;

  boost::program_options::variables_map values_;
};

}  // namespace pith::bench
