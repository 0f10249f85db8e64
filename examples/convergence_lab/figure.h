// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace convergence_lab {

enum class Axis { linear, logarithmic };

/// One frame with a line per name of the figure.
struct Panel {
  std::string x_title;
  std::string y_title;
  Axis x_axis = Axis::linear;
  Axis y_axis = Axis::linear;
  std::vector<std::vector<std::pair<double, double>>> lines;
};

struct Figure {
  std::string title;
  std::vector<std::string> names;
  std::vector<Panel> panels;  ///< drawn in rows of three
};

/// The figure as an SVG of its own. Points that are not finite, or have no logarithm, are left out,
/// and those nearer than a pixel or so to the last one drawn.
std::string draw(const Figure& figure);

}  // namespace convergence_lab
