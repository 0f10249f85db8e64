// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace pith {

/// A measured function of one number: straight lines between points, the last of which goes on.
class Curve {
 public:
  struct Point {
    double x = 0;
    double y = 0;
  };

  /// Adds a point to the right of all others.
  void add(Point point) { points_.push_back(point); }

  /// y at x, at least 0. Left of the first point it is that point's; without points it is 0.
  double at(double x) const;

 private:
  std::vector<Point> points_;
};

}  // namespace pith
