// SPDX-License-Identifier: Apache-2.0
#include <pith/core/error.h>

#include "device_codec.h"

namespace pith::bench {

int measure_on_device(const CodecOptions&) {
  throw UsageError("--device: this pith-bench was built without CUDA");
}

}  // namespace pith::bench
