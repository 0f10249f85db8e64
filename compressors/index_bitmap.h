// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/index_coder.h>

namespace pith {

/// index=bitmap: one bit per element of the segment, least significant bit first, 1 where it is
/// kept.
///
/// Wire     n bits: ceil(n / 8) bytes
/// Cost     reading goes through all n bits, 64 at a time.
/// Throws   read: WireError for a wrong length, another number of ones, and ones behind the end.
const IndexCoder& bitmap_indices();

}  // namespace pith
