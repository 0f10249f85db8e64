// SPDX-License-Identifier: Apache-2.0
// Trains the perceptron of fashion_mnist as ZeRO does: each rank owns a p-th of all parameters and
// keeps momentum for these alone. In every step gradients go to their owners and parameters come
// back, both compressed:
//
//   mpirun -np 4 sharded_optimizer --gradients onebit --momentum 0 --lr 0.8
//
// The part that matters to a trainer's author is Trainer::step().
#include <array>
#include <iomanip>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <pith/core/error.h>
#include <pith/reducer/sharded_calls.h>

#include "fashion_mnist/batches.h"
#include "fashion_mnist/denormals.h"
#include "fashion_mnist/epochs.h"
#include "fashion_mnist/flat.h"
#include "fashion_mnist/mlp.h"
#include "fashion_mnist/progress.h"
#include "fashion_mnist/sgd.h"
#include "program/command_line.h"
#include "program/launch.h"
#include "program/sum_over_ranks.h"

namespace fashion_mnist {
namespace {

/// How one of a step's two calls is compressed.
struct Way {
  std::string compressor;
  std::string feedback;
};

struct Options : TrainingOptions {
  Way gradients{"none", "ef14"};
  Way parameters{"none", "ef21"};
};

Options parse_options(int argc, const char* const* argv) {
  using program::text;
  Options options;
  boost::program_options::options_description description(
      "Trains a perceptron on Fashion-MNIST with sharded parameters and optimizer (ZeRO).\n\n"
      "  mpirun -np 4 sharded_optimizer --gradients onebit --momentum 0 --lr 0.8\n"
      "  sharded_optimizer --local 4    the same ranks as threads, without MPI\n\nOptions");
  describe_training(description);
  description.add_options()("gradients", text(options.gradients.compressor),
                            "what they are compressed by on their way to their owners")(
      "gradient-feedback", text(options.gradients.feedback),
      "none, ef14, ef21, ef21_sgdm, econtrol")("parameters", text(options.parameters.compressor),
                                               "what they are compressed by on their way back")(
      "parameter-feedback", text(options.parameters.feedback), "none, ef14, ef21, econtrol");
  const program::Reader reader(argc, argv, description);
  read_training(reader, options);
  options.gradients = {reader.text("gradients"), reader.text("gradient-feedback")};
  options.parameters = {reader.text("parameters"), reader.text("parameter-feedback")};
  return options;
}

class Trainer {
 public:
  Trainer(const Options& options, const Samples& samples, pith::Communicator& world);

  void run();

 private:
  void step(double rate);
  std::string summary(const Trained& trained);

  const Options& options_;
  const Samples& samples_;
  pith::Communicator& world_;
  Batches batches_;
  Mlp model_;
  std::vector<float> whole_;       // all gradients, then all parameters
  std::vector<float> parameters_;  // this rank's, as are:
  std::vector<float> gradient_;
  std::vector<float> velocity_;
  std::size_t steps_;
  Progress progress_;
  std::array<double, 2> wire_bytes_{};  // of gradients, of parameters
};

Trainer::Trainer(const Options& options, const Samples& samples, pith::Communicator& world)
    : options_(options),
      samples_(samples),
      world_(world),
      batches_(options, samples.train, world),
      model_(model_widths(samples.train), options.seed),
      whole_(model_.parameter_count()),
      steps_(options.epochs * batches_.steps_per_epoch()),
      progress_(world.rank() == 0, steps_) {
  const auto ranks = static_cast<std::size_t>(world.size());
  const auto rank = static_cast<std::size_t>(world.rank());
  const auto begin = pith::block_start(whole_.size(), ranks, rank);
  const auto end = pith::block_start(whole_.size(), ranks, rank + 1);
  copy_values(model_.parameters(), whole_);  // of one seed: the same on all ranks
  const auto mine = std::span(whole_).subspan(begin, end - begin);
  parameters_.assign(mine.begin(), mine.end());
  gradient_.resize(parameters_.size());
  velocity_.resize(parameters_.size());
}

// Gradients to the ranks that own them, the owners' momentum step, parameters back to all.
void Trainer::step(double rate) {
  model_.compute_gradients(batches_.next());
  copy_gradients(model_.parameters(), whole_);
  const auto before = world_.wire_bytes();
  bool finite =
      pith::reduce_scatter_mean(world_, "gradients", whole_, gradient_,
                                options_.gradients.compressor, options_.gradients.feedback, rate);
  const auto between = world_.wire_bytes();
  momentum_step(options_.momentum, rate, gradient_, velocity_, parameters_);
  finite = finite && pith::all_gather(world_, "parameters", parameters_, whole_,
                                      options_.parameters.compressor, options_.parameters.feedback);
  if (!finite) throw pith::Error("training diverged");
  set_values(whole_, model_.parameters());
  wire_bytes_[0] += static_cast<double>(between - before);
  wire_bytes_[1] += static_cast<double>(world_.wire_bytes() - between);
}

void Trainer::run() {
  const Trained trained = train_epochs(options_, batches_.steps_per_epoch(), model_, samples_.test,
                                       progress_, world_, [this](double rate) { step(rate); });
  progress_.line(summary(trained));
}

// Uncompressed, each of the two calls sends (p-1)/p of the model in every step; one rank none.
std::string Trainer::summary(const Trained& trained) {
  program::sum_over_ranks(world_, wire_bytes_);
  for (double& bytes : wire_bytes_) bytes /= static_cast<double>(steps_) * world_.size();
  const double raw = 4.0 * static_cast<double>(whole_.size()) * (world_.size() - 1) / world_.size();
  const auto less = [&](double bytes) { return bytes > 0 ? raw / bytes : 1; };
  std::ostringstream line;
  line << std::fixed << std::setprecision(4) << "test accuracy " << trained.accuracy
       << std::setprecision(1) << ", per step and rank " << wire_bytes_[0] / 1000
       << " kB of gradients (" << less(wire_bytes_[0]) << " times less than raw) and "
       << wire_bytes_[1] / 1000 << " kB of parameters (" << less(wire_bytes_[1]) << "), "
       << trained.seconds << " s";
  return line.str();
}

void train(const Options& options, pith::Communicator& world) {
  flush_denormals();
  const Samples samples = read_samples(options, world);
  Trainer(options, samples, world).run();
}

}  // namespace
}  // namespace fashion_mnist

int main(int argc, char** argv) {
  return program::run_program(argc, argv, fashion_mnist::parse_options, fashion_mnist::train);
}
