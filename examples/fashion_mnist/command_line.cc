// SPDX-License-Identifier: Apache-2.0
#include "command_line.h"

#include <cmath>
#include <limits>
#include <sstream>

#include <pith/core/error.h>

namespace fashion_mnist {

namespace po = boost::program_options;

po::typed_value<std::string>* text(const std::string& value) {
  return po::value<std::string>()->default_value(value);
}

po::typed_value<double>* real(double value) { return po::value<double>()->default_value(value); }

po::typed_value<std::int64_t>* whole(std::int64_t value) {
  return po::value<std::int64_t>()->default_value(value);
}

void describe_training(po::options_description& description, const TrainingOptions& defaults) {
  const auto count = [](auto value) { return whole(static_cast<std::int64_t>(value)); };
  description.add_options()("help", "show this text")("epochs", count(defaults.epochs),
                                                      "passes over the training samples")(
      "batch", count(defaults.batch), "samples per step, all ranks together")(
      "lr", real(defaults.learning_rate), "largest learning rate")(
      "warmup", count(defaults.warmup_steps),
      "steps in which it rises to that; then it falls as a cosine")(
      "momentum", real(defaults.momentum), "of the optimizer")(
      "seed", count(defaults.seed), "of initial values, shards, order and the reducer")(
      "split", text("random"), "samples of a rank: random, or sorted by label")(
      "data", text(defaults.data.string()), "folder with the four .gz files")(
      "local", whole(0), "run this many ranks as threads, without MPI");
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

void Reader::read(TrainingOptions& options) const {
  const auto count = [&](const char* name, std::int64_t low) {
    return static_cast<std::size_t>(whole(name, low));
  };
  options.epochs = count("epochs", 1);
  options.batch = count("batch", 1);
  options.learning_rate = real(
      "lr", [](double x) { return x > 0; }, "a number above 0");
  options.momentum = real(
      "momentum", [](double x) { return 0 <= x && x < 1; }, "a number in [0, 1)");
  options.warmup_steps = count("warmup", 0);
  options.seed =
      static_cast<std::uint64_t>(whole("seed", 0, std::numeric_limits<std::int64_t>::max()));
  options.split = choice<Split>("split", {{"random", Split::random}, {"sorted", Split::sorted}});
  options.data = text("data");
  options.local_ranks = static_cast<int>(whole("local", 0, 1024));
  options.help = help_;
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

}  // namespace fashion_mnist
