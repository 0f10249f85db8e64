// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include <pith/core/shape.h>
#include <pith/core/spec.h>

#include "data.h"

namespace pith::bench {

struct Turns {
  std::size_t warm_up = 0;
  std::size_t timed = 1;
};

std::size_t elements_of(std::span<const Shape> shapes);

std::vector<Pipeline> parse_all(const std::vector<std::string>& specs);

/// What it takes to estimate the errors of some families, for tensors of these shapes that lie one
/// behind the other, in turns with a plain read of all of them.
void print_curve_times(std::ostream& out, std::span<const Shape> shapes,
                       const Gradients<float>& gradients, Turns turns);

}  // namespace pith::bench
