// SPDX-License-Identifier: Apache-2.0
#pragma once

#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace fashion_mnist {

/// From now on this thread takes numbers too small for a normal float as zero. Values that decay
/// (momentum, residuals of dead units) end among those, where arithmetic is many times slower.
inline void flush_denormals() {
#ifdef __SSE2__
  _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
  _MM_SET_DENORMALS_ZERO_MODE(_MM_DENORMALS_ZERO_ON);
#endif
}

}  // namespace fashion_mnist
