// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/index_coder.h>

namespace pith {

/// index=raw32: every index in 32 bits.
///
/// Wire     u32 index[count]
/// Throws   read: WireError for a wrong length, and indices that do not ascend or lie outside.
const IndexCoder& raw32_indices();

}  // namespace pith
