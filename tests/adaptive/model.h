// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <pith/adaptive/registry.h>

#include "instances.h"

namespace pith::test {

/// Measured layers with names. Candidate r - 1 of a layer is written lowrank(rank=r).
struct Model {
  std::vector<std::string> names;
  std::vector<LayerCandidates> layers;
  std::vector<double> squared_norms = std::vector<double>(layers.size(), 1.0);
  Assignment current = Assignment(layers.size());
  std::vector<std::vector<Pipeline>> pipelines = written(layers);
  CostUnit unit = CostUnit::bytes;
  double bytes_per_second = 0;

  Measurements measured() const {
    return {layers, pipelines, squared_norms, current, unit, bytes_per_second};
  }

  std::unique_ptr<Policy> policy(const std::string& text) const {
    return make_policy(parse_spec(text), names);
  }

  Solution choose(const std::string& text) const { return policy(text)->choose(measured()); }

  static std::vector<std::vector<Pipeline>> written(const std::vector<LayerCandidates>& layers) {
    std::vector<std::vector<Pipeline>> all;
    for (const LayerCandidates& layer : layers) {
      auto& pipelines = all.emplace_back();
      for (std::size_t c = 0; c < layer.costs.size(); ++c) {
        const std::string rank = std::to_string(c + 1);
        pipelines.push_back(parse_pipeline("lowrank(rank=" + rank + ")"));
      }
    }
    return all;
  }
};

inline Model two_layer_model() { return {{"fc1.weight", "fc2.weight"}, two_layers().layers}; }

}  // namespace pith::test
