// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include <pith/core/random.h>

namespace pith {

double Random::normal(std::uint64_t index) const {
  const double u = (at(2 * index) + 0.5) * 0x1p-32;
  const double v = (at(2 * index + 1) + 0.5) * 0x1p-32;
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

}  // namespace pith
