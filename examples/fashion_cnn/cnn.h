// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "fashion_mnist/model.h"

// LibTorch's headers take long to compile: they stay behind this one.
namespace fashion_mnist {

class Network;

/// The residual network, computed by LibTorch on the calling thread alone.
///
///   for (auto& item : network.named_parameters()) parameters().push_back(view of it);
///
/// Parameters   named as in LibTorch ("blocks.3.first.weight"); values and gradients are LibTorch's
///              own memory: what the reducer writes over a gradient is what LibTorch holds.
/// Start        weights normal with variance 2 / inputs of a unit (He et al. 2015), biases zero.
/// Statistics   of batch normalisation: each rank has its own mean and variance of its samples.
class Cnn final : public Model {
 public:
  /// Throws   pith::UsageError for images of another size than 28 x 28.
  Cnn(const Dataset& data, std::uint64_t seed);
  ~Cnn() override;

  Score compute_gradients(const Batch& batch) override;
  Score evaluate(const Batch& batch) override;
  void average_statistics(pith::Communicator& world) override;

 private:
  void initialise(std::uint64_t seed);

  std::unique_ptr<Network> network_;
};

}  // namespace fashion_mnist
