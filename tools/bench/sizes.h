// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <pith/core/shape.h>

namespace pith::bench {

/// "4096", "64K", "32M", "1G": bytes, with powers of 1024.
/// Throws   UsageError for anything else, and for 0.
std::size_t parse_bytes(const std::string& text);

/// first, first * factor, ... up to last, each rounded down to a multiple of `unit`, none twice.
/// first >= unit, factor > 1.
std::vector<std::size_t> sweep(std::size_t first, std::size_t last, double factor,
                               std::size_t unit);

/// "4096x1024": rows and columns, neither of them 0.
/// Throws   UsageError for anything else.
Shape parse_shape(const std::string& text);

/// "64x3x7x7", or "64": one extent or more, none of them 0.
/// Throws   UsageError for anything else.
Shape parse_extents(const std::string& text);

/// The factorisation of n >= 1 into rows <= columns that is nearest to a square; 1 x n for a prime.
Shape nearly_square(std::size_t n);

}  // namespace pith::bench
