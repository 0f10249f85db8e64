// SPDX-License-Identifier: Apache-2.0
// Trains a perceptron on Fashion-MNIST, data-parallel, with compressed gradients:
//
//   mpirun -np 4 fashion_mnist --compressor 'topk(density=0.01,values=bf16)' --momentum 0 --lr 0.8
//
// The part that matters to a trainer's author is fashion_mnist/trainer.cc: add, broadcast, push,
// wait. Everything else is an ordinary training program.
#include "fashion_mnist/batches.h"
#include "fashion_mnist/denormals.h"
#include "fashion_mnist/mlp.h"
#include "fashion_mnist/options.h"
#include "fashion_mnist/trainer.h"
#include "program/launch.h"

namespace fashion_mnist {
namespace {

Options parse(int argc, const char* const* argv) {
  return parse_options(
      argc, argv,
      "Trains a perceptron on Fashion-MNIST, data-parallel, with compressed gradients.\n\n"
      "  mpirun -np 4 fashion_mnist --compressor 'topk(density=0.01)' --momentum 0 --lr 0.8\n"
      "  fashion_mnist --local 4        the same ranks as threads, without MPI");
}

void train(const Options& options, pith::Communicator& world) {
  flush_denormals();
  const Samples samples = read_samples(options, world);
  Mlp model(model_widths(samples.train), options.seed);
  train_and_write(options, model, samples, world);
}

}  // namespace
}  // namespace fashion_mnist

int main(int argc, char** argv) {
  return program::run_program(argc, argv, fashion_mnist::parse, fashion_mnist::train);
}
