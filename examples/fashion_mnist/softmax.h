// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "model.h"

namespace fashion_mnist {

/// Scores outputs against labels and writes the derivative of the mean loss by the outputs.
///
///   loss_i = log sum_c exp(o[i][c]) - o[i][label_i],  error[i][c] = (softmax_c - [c = label_i]) /
///   n
///
/// Shapes   outputs, error: n x kClasses; labels: n.
Score softmax_cross_entropy(std::span<const float> outputs, std::span<const std::uint8_t> labels,
                            std::span<float> error);

}  // namespace fashion_mnist
