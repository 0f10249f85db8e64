// SPDX-License-Identifier: Apache-2.0
#include "command_line.h"

#include <limits>

namespace fashion_mnist {

using program::Reader;
using program::real;
using program::text;
using program::whole;

void describe_training(boost::program_options::options_description& description,
                       const TrainingOptions& defaults) {
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

void read_training(const Reader& reader, TrainingOptions& options) {
  const auto count = [&](const char* name, std::int64_t low) {
    return static_cast<std::size_t>(reader.whole(name, low));
  };
  options.epochs = count("epochs", 1);
  options.batch = count("batch", 1);
  options.learning_rate = reader.real(
      "lr", [](double x) { return x > 0; }, "a number above 0");
  options.momentum = reader.real(
      "momentum", [](double x) { return 0 <= x && x < 1; }, "a number in [0, 1)");
  options.warmup_steps = count("warmup", 0);
  options.seed =
      static_cast<std::uint64_t>(reader.whole("seed", 0, std::numeric_limits<std::int64_t>::max()));
  options.split =
      reader.choice<Split>("split", {{"random", Split::random}, {"sorted", Split::sorted}});
  options.data = reader.text("data");
  options.local_ranks = static_cast<int>(reader.whole("local", 0, 1024));
  options.help = reader.help();
}

}  // namespace fashion_mnist
