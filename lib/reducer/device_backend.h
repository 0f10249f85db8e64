// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/reducer/device_tensor.h>

namespace pith {

/// For ReducerOptions::device: tensors on CUDA devices, exchanged over the reducer's communicator by
/// way of pinned host memory. Needs the component `cuda` (target pith::cuda).
std::shared_ptr<const DeviceBackend> device_backend();

}  // namespace pith
