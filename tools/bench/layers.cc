// SPDX-License-Identifier: Apache-2.0
#include "layers.h"

#include <fstream>
#include <sstream>

#include <pith/core/error.h>

#include "sizes.h"

namespace pith::bench {
namespace {

Layer parse_layer(const std::string& line) {
  std::istringstream words(line);
  std::string name, extents, rest;
  if (!(words >> name >> extents) || words >> rest) {
    throw UsageError("expected a name and its extents, for example conv1.weight 64x3x7x7");
  }
  return {name, parse_extents(extents)};
}

}  // namespace

std::vector<Layer> read_layers(const std::string& path) {
  std::ifstream file(path);
  std::vector<Layer> layers;
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    try {
      layers.push_back(parse_layer(line));
    } catch (const UsageError& error) {
      throw UsageError("layers " + path + ":" + std::to_string(number) + ": " + error.what());
    }
  }
  if (layers.empty()) throw UsageError("layers " + path + ": expected a list of layers");
  return layers;
}

std::vector<Shape> read_matrices(const std::string& path) {
  std::vector<Shape> all;
  for (const Layer& layer : read_layers(path)) {
    if (layer.shape.is_matrix()) all.push_back(layer.shape);
  }
  if (all.empty()) throw UsageError("layers " + path + ": it holds vectors only");
  return all;
}

}  // namespace pith::bench
