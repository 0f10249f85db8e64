// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/device_index_bitmap.cuh>
#include <pith/compressors/device_index_delta.cuh>
#include <pith/compressors/device_index_elias_fano.cuh>
#include <pith/compressors/device_index_raw32.cuh>
#include <pith/compressors/device_index_rice.cuh>
#include <pith/compressors/device_index_runs16.cuh>

namespace pith {

/// Calls use(coder) with the coder of that number; automatic has none.
template <class Use>
__device__ void with_coder(IndexCoding coding, const Use& use) {
  switch (coding) {
    case IndexCoding::automatic:
      return;
    case IndexCoding::raw32:
      return use(DeviceRaw32{});
    case IndexCoding::bitmap:
      return use(DeviceBitmap{});
    case IndexCoding::delta:
      return use(DeviceDelta{});
    case IndexCoding::rice:
      return use(DeviceRice{});
    case IndexCoding::elias_fano:
      return use(DeviceEliasFano{});
    case IndexCoding::runs16:
      return use(DeviceRuns16{});
  }
}

/// Whether a coder takes other bytes for other gaps.
constexpr bool follows_gaps(IndexCoding coding) {
  return coding == IndexCoding::automatic || coding == IndexCoding::delta ||
         coding == IndexCoding::rice || coding == IndexCoding::runs16;
}

}  // namespace pith
