// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <pith/compressors/device_message.h>
#include <pith/compressors/device_select.h>
#include <pith/compressors/index_coding.h>
#include <pith/compressors/message.h>

namespace pith {

/// What a sparse message on a device is made of.
struct DeviceSparseParts {
  std::unique_ptr<SparseCompressor<float>> host;  ///< of the same spec
  std::unique_ptr<DeviceSelector> selector;
  IndexCoding index = IndexCoding::automatic;
  std::unique_ptr<DeviceMessageCompressor> values;
  bool values_are_exact = false;  ///< decoded, they are what was kept
};

/// The message of sparse_message.h on a device: the same bytes, and the same ones are refused.
///
/// Cost     encode: the selection (device_select.h), then O(kept), and n / 8 bytes for a bitmap.
///          decode: O(kept) for every rank, and add_to_mean() of device_entries.cuh. Scratch: up
///          to 16 bytes for every element that may be kept, and 8 for every entry that a rank's
///          bytes may hold: at most one for every bit, and one for every element.
std::unique_ptr<DeviceMessageCompressor> make_device_sparse(DeviceSparseParts parts);

}  // namespace pith
