// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace pith {

/// coefficient, coefficient^2, ..., one for each of so many epochs.
///
/// Throws   UsageError unless 0 < coefficient <= 1.
std::vector<double> warm_up_densities(double coefficient, std::size_t epochs);

/// The schedule that keeps each density for so many steps, and the last one for ever.
///
///   topk(density=0.25)@100,topk(density=0.0625)@100,topk(density=0.001)
///
/// Throws   UsageError if there is none, for one outside (0, 1], and for 0 steps.
/// Source   Lin, Han, Mao, Wang, Dally 2018, arXiv:1712.01887: 1/4, 1/16, 1/64, 1/250, 1/1000, a
///          value per epoch.
std::string density_warm_up(std::span<const double> densities, std::uint64_t steps_each);

}  // namespace pith
