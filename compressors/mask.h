// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include <pith/core/random.h>
#include <pith/core/scratch.h>

namespace pith {

/// ceil(density * n), at least 1 and at most n; a product that is whole but for rounding counts as
/// whole (0.07 * 100 is 7).
std::size_t kept_elements(double density, std::size_t n);

/// Draws k <= n different indices below n, ascending; every set of k is equally likely.
///
/// The indices depend on `random` alone, and by integer arithmetic only, so that all ranks draw the
/// same ones on any mixture of machines. They are kept in `scratch`.
///
/// Cost    O(k) expected, whatever n is; k draws.
/// Memory  k indices; up to 5 k + 1 more while it runs.
/// Source  Bentley and Floyd 1987, "A sample of brilliance"; the ordered table is that of Gonnet
/// and
///         Munro 1984, "The analysis of linear probing sort by the use of a new mathematical
///         transform".
std::span<const std::size_t> draw_mask(std::size_t n, std::size_t k, const Random& random,
                                       Scratch& scratch);

}  // namespace pith
