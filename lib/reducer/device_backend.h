// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/comm/device_communicator.h>
#include <pith/reducer/device_tensor.h>

namespace pith {

/// Communicators of devices that exchange what the reducer's own communicator would have to carry
/// through the host, as nccl::Communicator. They outlive the reducer, which alone uses them between
/// begin() or wait() and the end of a step.
struct DeviceRanks {
  /// Of the same ranks as the reducer's communicator, which still compares registrations and agrees
  /// on steps. Messages do not pass through the host then; they have no header and no checksum, and
  /// travel in places of their largest size (collectives/device_exchange.h).
  DeviceCommunicator* all = nullptr;
  /// Of the ranks of this rank's node, for a node stage (the option `node`): gradients are summed,
  /// and estimates gathered, between the devices of a node; what goes to other nodes is compressed
  /// there and passes through the host.
  DeviceCommunicator* node = nullptr;
};

/// For ReducerOptions::device: tensors on CUDA devices. Messages pass through pinned host memory
/// and the reducer's communicator, but for what `ranks` exchange. Needs the component `cuda`
/// (target pith::cuda). Throws UsageError if both communicators are given.
std::shared_ptr<const DeviceBackend> device_backend(const DeviceRanks& ranks = {});

}  // namespace pith
