// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "model.h"

// A model's tensors one after the other in one vector, as trainers that shard it hold them.
namespace fashion_mnist {

void copy_gradients(const std::vector<Parameter>& parameters, std::span<float> flat);
void copy_values(const std::vector<Parameter>& parameters, std::span<float> flat);
void set_values(std::span<const float> flat, std::vector<Parameter>& parameters);

}  // namespace fashion_mnist
