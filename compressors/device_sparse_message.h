// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include <pith/compressors/device_message.h>
#include <pith/compressors/device_select.h>
#include <pith/compressors/index_coding.h>
#include <pith/compressors/message.h>

namespace pith {

/// How the second stage codes the values.
enum class ValueCoding : std::uint8_t {
  exact,     ///< as they are
  singly,    ///< each by itself, wherever it lies
  in_blocks  ///< depending on the others and on its number
};

/// What a sparse message on a device is made of.
struct DeviceSparseParts {
  std::unique_ptr<SparseCompressor<float>> host;  ///< of the same spec
  std::unique_ptr<DeviceSelector> selector;
  IndexCoding index = IndexCoding::automatic;
  std::unique_ptr<DeviceMessageCompressor> values;
  ValueCoding coding = ValueCoding::exact;  ///< what `values` does
};

/// The message of sparse_message.h on a device: the same bytes, and the same ones are refused.
///
/// Cost     encode: the selection (device_select.h), then O(kept), and n / 8 bytes for a bitmap.
///          decode: O(kept) for every rank, and mean_of_entries(). Scratch: 12 bytes for every
///          element that may be kept, and 8 for every entry that a rank's bytes may hold: at most
///          one for every bit, and one for every element.
/// Throws   encode: UsageError for several segments of values that are coded by blocks.
std::unique_ptr<DeviceMessageCompressor> make_device_sparse(DeviceSparseParts parts);

}  // namespace pith
