// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/core/curve.h>

namespace pith {

double Curve::at(double x) const {
  if (points_.empty()) return 0;
  if (points_.size() == 1 || x <= points_.front().x) return points_.front().y;
  auto right = std::ranges::find_if(points_, [&](const Point& point) { return point.x >= x; });
  if (right == points_.end()) --right;
  const Point& a = *(right - 1);
  const Point& b = *right;
  return std::max(0.0, a.y + (b.y - a.y) / (b.x - a.x) * (x - a.x));
}

}  // namespace pith
