// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/comm/device_communicator.h>
#include <pith/reducer/device_tensor.h>

namespace pith {

/// For ReducerOptions::device: tensors on CUDA devices, exchanged over the reducer's communicator
/// by way of pinned host memory. Needs the component `cuda` (target pith::cuda).
std::shared_ptr<const DeviceBackend> device_backend();

/// The same, exchanged over a communicator of the devices, as nccl::Communicator: of the same ranks
/// as the reducer's, which still compares registrations and agrees on steps. Messages do not pass
/// through the host then; they have no header and no checksum, and travel in places of their
/// largest size (collectives/device_exchange.h). Every rank's tensors lie on devices.
/// `communicator` must outlive the reducer, and is used by it alone between begin() or wait() and
/// the end of a step.
std::shared_ptr<const DeviceBackend> device_backend(DeviceCommunicator& communicator);

}  // namespace pith
