// SPDX-License-Identifier: Apache-2.0
#include "mlp.h"

#include <Eigen/Core>
#include <cmath>
#include <type_traits>

#include "softmax.h"

// Eigen stays in this file: it alone is compiled for the machine at hand.
namespace fashion_mnist {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixView = Eigen::Map<Matrix, pith::kCacheLine>;
using ConstMatrixView = Eigen::Map<const Matrix, pith::kCacheLine>;
using RowView = Eigen::Map<Eigen::RowVectorXf, pith::kCacheLine>;

// Whole rows of a vector, or of a tensor, which lies in one.
template <class Values>
auto rows_of(Values& values, std::size_t rows) {
  constexpr bool is_const = std::is_const_v<std::remove_pointer_t<decltype(values.data())>>;
  const auto count = static_cast<Eigen::Index>(rows);
  return std::conditional_t<is_const, ConstMatrixView, MatrixView>(
      values.data(), count, static_cast<Eigen::Index>(values.size()) / count);
}

RowView row_of(std::span<float> values) {
  return {values.data(), static_cast<Eigen::Index>(values.size())};
}

}  // namespace

Mlp::Mlp(const std::vector<std::size_t>& widths, std::uint64_t seed) {
  parameters_.reserve(2 * (widths.size() - 1));  // layers point into it
  for (std::size_t l = 1; l < widths.size(); ++l) add_layer(widths[l - 1], widths[l], seed);
}

Parameter& Mlp::add_parameter(std::string name, pith::Shape shape) {
  const std::span values(memory_.emplace_back(shape.elements()));
  const std::span gradient(memory_.emplace_back(shape.elements()));
  return parameters_.emplace_back(Parameter{std::move(name), std::move(shape), values, gradient});
}

void Mlp::add_layer(std::size_t inputs, std::size_t outputs, std::uint64_t seed) {
  const std::string name = "layer" + std::to_string(layers_.size() + 1);
  Parameter& weight = add_parameter(name + ".weight", {outputs, inputs});
  Parameter& bias = add_parameter(name + ".bias", {outputs});
  fill_normal(weight, std::sqrt(2.0 / static_cast<double>(inputs)), seed);
  layers_.push_back({&weight, &bias, {}, {}});
}

void Mlp::forward(const Batch& batch) {
  const AlignedVector* input = &batch.pixels;
  for (auto& layer : layers_) {
    layer.output.resize(batch.size() * layer.bias->values.size());
    auto output = rows_of(layer.output, batch.size());
    const auto weight = rows_of(layer.weight->values, layer.bias->values.size());
    output.noalias() = rows_of(*input, batch.size()) * weight.transpose();
    output.rowwise() += row_of(layer.bias->values);
    if (&layer != &layers_.back()) output = output.cwiseMax(0.0f);
    input = &layer.output;
  }
}

void Mlp::backward(const Batch& batch) {
  for (std::size_t l = layers_.size(); l-- > 0;) {
    auto& layer = layers_[l];
    const auto error = rows_of(layer.error, batch.size());
    const auto& input = l == 0 ? batch.pixels : layers_[l - 1].output;
    rows_of(layer.weight->gradient, layer.bias->values.size()).noalias() =
        error.transpose() * rows_of(input, batch.size());
    row_of(layer.bias->gradient) = error.colwise().sum();
    if (l == 0) break;
    auto& below = layers_[l - 1];
    below.error.resize(below.output.size());
    auto error_below = rows_of(below.error, batch.size());
    error_below.noalias() = error * rows_of(layer.weight->values, layer.bias->values.size());
    error_below.array() *= (rows_of(below.output, batch.size()).array() > 0.0f).cast<float>();
  }
}

Score Mlp::compute_gradients(const Batch& batch) {
  forward(batch);
  auto& last = layers_.back();
  last.error.resize(last.output.size());
  const Score score = softmax_cross_entropy(last.output, batch.labels, last.error);
  backward(batch);
  return score;
}

std::vector<std::size_t> model_widths(const Dataset& data) {
  return {data.pixels, 512, 256, kClasses};
}

Score Mlp::evaluate(const Batch& batch) {
  forward(batch);
  auto& last = layers_.back();
  last.error.resize(last.output.size());
  return softmax_cross_entropy(last.output, batch.labels, last.error);
}

}  // namespace fashion_mnist
