// SPDX-License-Identifier: Apache-2.0
// Trains the perceptron of fashion_mnist with 1-bit Adam, 1-bit LAMB or 0/1 Adam: full-precision
// steps until the variance is frozen, then momentum in one bit.
//
//   mpirun -np 4 onebit_adam --optimizer zero_one_adam
//
// The part that matters to a trainer's author is make_optimizer() and Trainer::step().
#include <iomanip>
#include <memory>
#include <span>
#include <sstream>
#include <string>

#include <pith/core/error.h>
#include <pith/optim/onebit_adam.h>
#include <pith/optim/onebit_lamb.h>
#include <pith/optim/zero_one_adam.h>

#include "fashion_mnist/batches.h"
#include "fashion_mnist/denormals.h"
#include "fashion_mnist/epochs.h"
#include "fashion_mnist/mlp.h"
#include "fashion_mnist/progress.h"
#include "program/command_line.h"
#include "program/launch.h"
#include "program/sum_over_ranks.h"

namespace fashion_mnist {
namespace {

enum class Algorithm { onebit_adam, onebit_lamb, zero_one_adam };

struct Options : TrainingOptions {
  Options() { learning_rate = 1e-3; }

  Algorithm algorithm = Algorithm::onebit_adam;
  double full_share = 0.2;
  std::size_t var_update_scaler = 256;
  std::size_t local_step_scaler = 100;
  pith::AdamOptions adam;
};

Options parse_options(int argc, const char* const* argv) {
  using program::real;
  using program::text;
  using program::whole;
  Options options;
  boost::program_options::options_description description(
      "Trains a perceptron on Fashion-MNIST with 1-bit optimizers.\n\n"
      "  mpirun -np 4 onebit_adam --optimizer zero_one_adam\n"
      "  onebit_adam --local 4    the same ranks as threads, without MPI\n\nOptions");
  describe_training(description, options);
  description.add_options()("optimizer", text("onebit_adam"),
                            "onebit_adam, onebit_lamb or zero_one_adam")(
      "full", real(options.full_share), "share of the steps until the variance is frozen; 1: all")(
      "weight-decay", real(0), "decoupled")("compressor", text(options.adam.compressor),
                                            "of momentum, once the variance is frozen")(
      "full-precision", text(options.adam.full_precision), "before: none, cast(fp16), cast(bf16)")(
      "var-update-scaler", whole(256), "0/1 Adam: updates of the variance at one interval")(
      "local-step-scaler", whole(100), "0/1 Adam: steps at one interval of synchronisation");
  const program::Reader reader(argc, argv, description);
  read_training(reader, options);
  options.algorithm =
      reader.choice<Algorithm>("optimizer", {{"onebit_adam", Algorithm::onebit_adam},
                                             {"onebit_lamb", Algorithm::onebit_lamb},
                                             {"zero_one_adam", Algorithm::zero_one_adam}});
  options.full_share = reader.real(
      "full", [](double x) { return 0 <= x && x <= 1; }, "a number from 0 to 1");
  options.var_update_scaler = static_cast<std::size_t>(reader.whole("var-update-scaler", 1));
  options.local_step_scaler = static_cast<std::size_t>(reader.whole("local-step-scaler", 1));
  options.adam = {.lr = options.learning_rate,
                  .betas = {options.momentum, 0.999},
                  .weight_decay = reader.real(
                      "weight-decay", [](double x) { return x >= 0; }, "0 or more"),
                  .compressor = reader.text("compressor"),
                  .full_precision = reader.text("full-precision")};
  return options;
}

std::unique_ptr<pith::AdamOptimizer<float>> make_optimizer(const Options& options,
                                                           std::size_t steps,
                                                           pith::Communicator& world) {
  const auto share = static_cast<std::size_t>(options.full_share * static_cast<double>(steps));
  const std::size_t full_steps = std::max<std::size_t>(share, 1);
  switch (options.algorithm) {
    case Algorithm::onebit_lamb:
      return std::make_unique<pith::OneBitLamb<float>>(
          world, pith::OneBitLambOptions{.adam = options.adam, .freeze_step = full_steps});
    case Algorithm::zero_one_adam:
      return std::make_unique<pith::ZeroOneAdam<float>>(
          world, pith::ZeroOneAdamOptions{.adam = options.adam,
                                          .var_freeze_step = full_steps,
                                          .var_update_scaler = options.var_update_scaler,
                                          .local_step_scaler = options.local_step_scaler});
    case Algorithm::onebit_adam:
      break;
  }
  return std::make_unique<pith::OneBitAdam<float>>(
      world, pith::OneBitAdamOptions{
                 .adam = options.adam, .freeze_step = full_steps, .var_freeze_threshold = 0});
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
  std::size_t steps_;
  std::unique_ptr<pith::AdamOptimizer<float>> optimizer_;
  Progress progress_;
  double wire_bytes_ = 0;
};

Trainer::Trainer(const Options& options, const Samples& samples, pith::Communicator& world)
    : options_(options),
      samples_(samples),
      world_(world),
      batches_(options, samples.train, world),
      model_(model_widths(samples.train), options.seed),
      steps_(options.epochs * batches_.steps_per_epoch()),
      optimizer_(make_optimizer(options, steps_, world)),
      progress_(world.rank() == 0, steps_) {
  for (Parameter& parameter : model_.parameters()) {
    optimizer_->add(parameter.name, parameter.values, parameter.gradient);
  }
  optimizer_->broadcast();
}

void Trainer::step(double rate) {
  model_.compute_gradients(batches_.next());
  optimizer_->set_lr(rate);
  const auto before = world_.wire_bytes();
  if (!optimizer_->step().committed) throw pith::Error("training diverged");
  wire_bytes_ += static_cast<double>(world_.wire_bytes() - before);
}

void Trainer::run() {
  const Trained trained = train_epochs(options_, batches_.steps_per_epoch(), model_, samples_.test,
                                       progress_, world_, [this](double rate) { step(rate); });
  progress_.line(summary(trained));
}

// A raw all-reduce sends 2 (p-1)/p of the model in every step.
std::string Trainer::summary(const Trained& trained) {
  program::sum_over_ranks(world_, std::span(&wire_bytes_, 1));
  const double bytes = wire_bytes_ / (static_cast<double>(steps_) * world_.size());
  const double raw =
      2 * 4.0 * static_cast<double>(model_.parameter_count()) * (world_.size() - 1) / world_.size();
  std::ostringstream line;
  line << std::fixed << std::setprecision(4) << "test accuracy " << trained.accuracy
       << std::setprecision(1) << ", per step and rank " << bytes / 1000 << " kB, "
       << (bytes > 0 ? raw / bytes : 1) << " times less than raw, " << trained.seconds << " s";
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
