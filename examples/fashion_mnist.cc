// SPDX-License-Identifier: Apache-2.0
// Trains a perceptron on Fashion-MNIST, data-parallel, with compressed gradients:
//
//   mpirun -np 4 fashion_mnist --compressor 'topk(density=0.01,values=bf16)' --momentum 0 --lr 0.8
//
// The part that matters to a trainer's author is fashion_mnist/trainer.cc: add, broadcast, push,
// wait. Everything else is an ordinary training program.
#include <iostream>
#include <optional>

#include <pith/core/error.h>

#include "fashion_mnist/denormals.h"
#include "fashion_mnist/launch.h"
#include "fashion_mnist/options.h"
#include "fashion_mnist/trainer.h"

namespace fashion_mnist {
namespace {

void train(const Options& options, pith::Communicator& world) {
  flush_denormals();
  Dataset train_set;
  Dataset test_set;
  on_every_rank(world, [&] {
    train_set = read_dataset(options.data, "train");
    test_set = read_dataset(options.data, "t10k");
  });
  const Result result = Trainer(options, train_set, test_set, world).run();
  on_every_rank(world, [&] {
    if (world.rank() == 0 && !options.json.empty()) write_json(options, result);
  });
}

int run(int argc, char** argv) {
  std::optional<Options> options;
  std::string problem;
  try {
    options = parse_options(argc, argv);
  } catch (const pith::UsageError& error) {
    problem = error.what();  // printed by the first rank, which is not known yet
  }
  const auto body = [&](pith::Communicator& world) {
    if (!options) throw pith::UsageError(problem);
    if (options->help.empty()) return train(*options, world);
    if (world.rank() == 0) std::cout << options->help;
  };
  if (options && options->local_ranks > 0) return run_as_threads(options->local_ranks, body);
  return run_under_mpi(argc, argv, body);
}

}  // namespace
}  // namespace fashion_mnist

int main(int argc, char** argv) { return fashion_mnist::run(argc, argv); }
