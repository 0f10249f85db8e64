// SPDX-License-Identifier: Apache-2.0
#include "cnn.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <pith/core/error.h>

#include "fashion_mnist/softmax.h"
#include "network.h"
#include "program/sum_over_ranks.h"

namespace fashion_mnist {
namespace {

std::span<float> values_of(const torch::Tensor& tensor) {
  return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

// A gradient that is there before backward() is added to where it lies.
Parameter view_of(const std::string& name, torch::Tensor& values) {
  values.mutable_grad() = torch::zeros_like(values);
  const auto extents = values.sizes();
  return {name, pith::Shape(std::vector<std::size_t>(extents.begin(), extents.end())),
          values_of(values), values_of(values.grad())};
}

// Of all pixels, which stay where they are.
torch::Tensor images_of(const Batch& batch) {
  return torch::from_blob(
      const_cast<float*>(batch.pixels.data()),
      {static_cast<std::int64_t>(batch.size()), 1, Network::kSide, Network::kSide},
      torch::kFloat32);
}

// Means and variances, but not how many batches they are of.
std::vector<torch::Tensor> statistics_of(const Network& network) {
  std::vector<torch::Tensor> all = network.buffers();
  std::erase_if(all, [](const auto& buffer) { return !buffer.is_floating_point(); });
  return all;
}

}  // namespace

Cnn::Cnn(const Dataset& data, std::uint64_t seed) {
  if (data.pixels != Network::kSide * Network::kSide) {
    throw pith::UsageError("images of " + std::to_string(data.pixels) +
                           " pixels: expected 28 x 28");
  }
  torch::set_num_threads(1);
  network_ = std::make_unique<Network>();
  for (auto& item : network_->named_parameters()) {
    parameters_.push_back(view_of(item.key(), item.value()));
  }
  initialise(seed);
}

Cnn::~Cnn() = default;

void Cnn::initialise(std::uint64_t seed) {
  for (const Parameter& parameter : parameters_) {
    if (parameter.shape.is_matrix()) {
      const auto inputs = static_cast<double>(parameter.shape.columns());
      fill_normal(parameter, std::sqrt(2 / inputs), seed);
    } else if (parameter.name.ends_with("bias")) {
      std::ranges::fill(parameter.values, 0.0f);
    }
  }
}

Score Cnn::compute_gradients(const Batch& batch) {
  network_->train();
  for (const Parameter& parameter : parameters_) std::ranges::fill(parameter.gradient, 0.0f);
  const torch::Tensor outputs = network_->forward(images_of(batch));
  const torch::Tensor error = torch::empty_like(outputs);
  const Score score = softmax_cross_entropy(values_of(outputs), batch.labels, values_of(error));
  outputs.backward(error);
  return score;
}

Score Cnn::evaluate(const Batch& batch) {
  const torch::NoGradGuard no_gradients;
  network_->eval();
  const torch::Tensor outputs = network_->forward(images_of(batch));
  std::vector<float> error(values_of(outputs).size());
  return softmax_cross_entropy(values_of(outputs), batch.labels, error);
}

void Cnn::average_statistics(pith::Communicator& world) {
  std::vector<double> all;
  for (const auto& buffer : statistics_of(*network_)) {
    const auto values = values_of(buffer);
    all.insert(all.end(), values.begin(), values.end());
  }
  program::sum_over_ranks(world, all);
  auto next = all.begin();
  for (const auto& buffer : statistics_of(*network_)) {
    for (float& value : values_of(buffer)) value = static_cast<float>(*next++ / world.size());
  }
}

}  // namespace fashion_mnist
