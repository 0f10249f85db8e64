// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/align/aligned_allocator.hpp>
#include <cstddef>
#include <vector>

namespace fashion_mnist {

inline constexpr std::size_t kAlignment = 64;  // the widest register's, in bytes

/// Floats that Eigen computes with. Some of its sums, as those over columns, are formed in another
/// order before the first aligned address than after it: where memory happened to lie would show in
/// the last bits, and runs would not repeat.
using AlignedVector = std::vector<float, boost::alignment::aligned_allocator<float, kAlignment>>;

}  // namespace fashion_mnist
