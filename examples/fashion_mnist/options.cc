// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <boost/program_options.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <sstream>

#include <pith/core/environment.h>
#include <pith/core/error.h>

namespace fashion_mnist {
namespace {

namespace po = boost::program_options;

po::options_description describe(const Options& defaults) {
  const auto text = [](const std::string& value) {
    return po::value<std::string>()->default_value(value);
  };
  const auto real = [](double value) { return po::value<double>()->default_value(value); };
  const auto whole = [](auto value) {
    return po::value<std::int64_t>()->default_value(static_cast<std::int64_t>(value));
  };
  po::options_description description(
      "Trains a perceptron on Fashion-MNIST, data-parallel, with compressed gradients.\n\n"
      "  mpirun -np 4 fashion_mnist --compressor 'topk(density=0.01)' --momentum 0 --lr 0.8\n"
      "  fashion_mnist --local 4        the same ranks as threads, without MPI\n\nOptions");
  description.add_options()("help", "show this text")(
      "compressor", text(defaults.reducer.compressor),
      "spec, or schedule: topk(density=0.01)@58,topk(density=0.001)")(
      "feedback", text(defaults.reducer.feedback), "none, ef14, ef21, ef21_sgdm, econtrol")(
      "exchange", text(defaults.reducer.exchange),
      "natural, auto, raw, gather, sharded, sparse, linear")(
      "unit", text("tensor"), "what is compressed as one vector: tensor, bucket, model")(
      "commit", text("step"), "step: a failed step changes nothing; inplace: less memory")(
      "clip", real(0), "largest norm of a rank's gradient before feedback; 0: any")(
      "epochs", whole(defaults.epochs), "passes over the training samples")(
      "batch", whole(defaults.batch), "samples per step, all ranks together")(
      "lr", real(defaults.learning_rate), "largest learning rate")(
      "warmup", whole(defaults.warmup_steps),
      "steps in which it rises to that; then it falls as a cosine")(
      "momentum", real(defaults.momentum), "of the optimizer")(
      "seed", whole(defaults.seed), "of initial values, shards, order and compressors")(
      "split", text("random"), "samples of a rank: random, or sorted by label")(
      "data", text(defaults.data.string()), "folder with the four .gz files")(
      "local", whole(0), "run this many ranks as threads, without MPI")(
      "json", text(""), "write the result to this file");
  return description;
}

/// Reads checked values out of parsed options.
class Reader {
 public:
  explicit Reader(const po::variables_map& values) : values_(values) {}

  std::string text(const char* name) const { return values_[name].as<std::string>(); }

  template <class Integer>
  Integer whole(const char* name, std::int64_t low, std::int64_t high = 1'000'000'000) const {
    const auto value = values_[name].as<std::int64_t>();
    require(low <= value && value <= high, name, std::to_string(value),
            "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
    return static_cast<Integer>(value);
  }

  double real(const char* name, bool good(double), const char* expected) const {
    const double value = values_[name].as<double>();
    std::ostringstream shown;
    shown << value;
    require(std::isfinite(value) && good(value), name, shown.str(), expected);
    return value;
  }

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
                      const std::string& expected) {
    if (!good) throw pith::UsageError("--" + name + " " + value + ": expected " + expected);
  }

  const po::variables_map& values_;
};

std::string text_or_environment(const Reader& reader, const char* name, const char* variable) {
  return pith::environment(variable).value_or(reader.text(name));
}

pith::ReducerOptions reducer_options(const Reader& reader) {
  using pith::Commit;
  using pith::CompressedUnit;
  pith::ReducerOptions options;
  options.compressor = text_or_environment(reader, "compressor", "PITH_COMPRESSOR");
  options.feedback = text_or_environment(reader, "feedback", "PITH_FEEDBACK");
  options.exchange = text_or_environment(reader, "exchange", "PITH_EXCHANGE");
  options.unit = reader.choice<CompressedUnit>("unit", {{"tensor", CompressedUnit::tensor},
                                                        {"bucket", CompressedUnit::bucket},
                                                        {"model", CompressedUnit::model}});
  options.commit =
      reader.choice<Commit>("commit", {{"step", Commit::step}, {"inplace", Commit::inplace}});
  options.clip = reader.real(
      "clip", [](double x) { return x >= 0; }, "a number from 0");
  return options;
}

Options read(const Reader& reader) {
  Options options;
  options.reducer = reducer_options(reader);
  options.epochs = reader.whole<std::size_t>("epochs", 1);
  options.batch = reader.whole<std::size_t>("batch", 1);
  options.learning_rate = reader.real(
      "lr", [](double x) { return x > 0; }, "a number above 0");
  options.momentum = reader.real(
      "momentum", [](double x) { return 0 <= x && x < 1; }, "a number in [0, 1)");
  options.warmup_steps = reader.whole<std::size_t>("warmup", 0);
  options.seed = reader.whole<std::uint64_t>("seed", 0, std::numeric_limits<std::int64_t>::max());
  options.split =
      reader.choice<Split>("split", {{"random", Split::random}, {"sorted", Split::sorted}});
  options.data = reader.text("data");
  options.local_ranks = reader.whole<int>("local", 0, 1024);
  options.json = reader.text("json");
  options.reducer.seed = options.seed;
  options.reducer.optimizer_momentum = options.momentum;
  return options;
}

}  // namespace

Options parse_options(int argc, const char* const* argv) try {
  const auto description = describe({});
  po::variables_map values;
  // With a description of positional ones, an empty one here, stray words are errors.
  po::store(po::command_line_parser(argc, argv).options(description).positional({}).run(), values);
  Options options = read(Reader(values));
  if (values.count("help") != 0) {
    std::ostringstream help;
    help << description;
    options.help = help.str();
  }
  return options;
} catch (const po::error& error) {
  throw pith::UsageError(std::string(error.what()) + " (--help shows all)");
}

}  // namespace fashion_mnist
