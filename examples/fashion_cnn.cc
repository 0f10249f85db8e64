// SPDX-License-Identifier: Apache-2.0
// Trains a residual network of LibTorch on Fashion-MNIST, data-parallel, with compressed gradients:
//
//   mpirun -np 2 fashion_cnn --compressor 'adaptive(topk(density=0.01))' --momentum 0 --lr 0.4
//
// The part that matters to an author of a LibTorch program is fashion_cnn/cnn.cc, which lets the
// reducer see the network's tensors where they lie; the training itself is fashion_mnist/trainer.cc.
#include "fashion_cnn/cnn.h"
#include "fashion_mnist/batches.h"
#include "fashion_mnist/denormals.h"
#include "fashion_mnist/options.h"
#include "fashion_mnist/trainer.h"
#include "program/launch.h"

namespace fashion_mnist {
namespace {

Options parse(int argc, const char* const* argv) {
  return parse_options(
      argc, argv,
      "Trains a residual network on Fashion-MNIST, data-parallel, with compressed gradients.\n\n"
      "  mpirun -np 2 fashion_cnn --compressor 'adaptive(topk(density=0.01))' --momentum 0\n"
      "  fashion_cnn --local 2        the same ranks as threads, without MPI");
}

void train(const Options& options, pith::Communicator& world) {
  flush_denormals();
  const Samples samples = read_samples(options, world);
  Cnn model(samples.train, options.seed);
  train_and_write(options, model, samples, world);
}

}  // namespace
}  // namespace fashion_mnist

int main(int argc, char** argv) {
  return program::run_program(argc, argv, fashion_mnist::parse, fashion_mnist::train);
}
