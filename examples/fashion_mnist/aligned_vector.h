// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/core/aligned.h>

namespace fashion_mnist {

/// Floats that Eigen computes with. Some of its sums, as those over columns, are formed in another
/// order before the first aligned address than after it: where memory happened to lie would show in
/// the last bits, and runs would not repeat.
using AlignedVector = pith::AlignedVector<float>;

}  // namespace fashion_mnist
