// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/index_coder.h>

namespace pith {

/// index=delta: gaps (see gaps.h) as variable-length integers, LEB128: 7 bits per byte, the lowest
/// first, and the highest bit of a byte set if another follows.
///
/// Wire     1 to 5 bytes per index: 1 below 2^7, 2 below 2^14, ...
/// Throws   read: WireError for a wrong length, a number that is longer than it has to be, and
///          indices outside.
const IndexCoder& delta_indices();

}  // namespace pith
