// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "shard.h"

namespace fashion_mnist {

/// What every trainer here is told; the same on all ranks.
struct TrainingOptions {
  std::size_t epochs = 8;
  std::size_t batch = 256;  ///< of all ranks together
  double learning_rate = 0.1;
  double momentum = 0.9;  ///< of the optimizer, after aggregation
  std::size_t warmup_steps = 100;
  std::uint64_t seed = 0;
  Split split = Split::random;
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist";
  int local_ranks = 0;  ///< ranks as threads; 0: under MPI
  std::string help;     ///< the text to print if it was asked for
};

/// An option's value, by its default.
boost::program_options::typed_value<std::string>* text(const std::string& value);
boost::program_options::typed_value<double>* real(double value);
boost::program_options::typed_value<std::int64_t>* whole(std::int64_t value);

/// Adds the options of TrainingOptions with these defaults.
void describe_training(boost::program_options::options_description& description,
                       const TrainingOptions& defaults = {});

/// Reads checked values out of a command line.
class Reader {
 public:
  /// Throws   pith::UsageError for what the description does not know.
  Reader(int argc, const char* const* argv,
         const boost::program_options::options_description& description);

  /// Of the options of describe_training().
  void read(TrainingOptions& options) const;

  /// Each throws pith::UsageError with the option and its value if that is none of those expected.
  std::string text(const char* name) const { return values_[name].as<std::string>(); }
  double real(const char* name, bool good(double), const char* expected) const;
  std::int64_t whole(const char* name, std::int64_t low, std::int64_t high = 1'000'000'000) const;

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

}  // namespace fashion_mnist
