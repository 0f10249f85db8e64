// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <pith/core/shape.h>

namespace pith::bench {

/// One tensor of a model's parameters.
struct Layer {
  std::string name;
  Shape shape;
};

/// Reads a list of layers, as those in tools/layers: a name and its extents per line, in the order
/// of the model ("conv1.weight 64x3x7x7"). Lines that begin with # and empty ones do not count.
/// Throws   UsageError with the file and the line if one of them is anything else, or if there is
///          no layer at all.
std::vector<Layer> read_layers(const std::string& path);

/// Those of them that are no vectors, which travel uncompressed.
/// Throws   UsageError also if there are none.
std::vector<Shape> read_matrices(const std::string& path);

}  // namespace pith::bench
