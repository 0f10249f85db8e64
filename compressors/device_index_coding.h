// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include <pith/compressors/device_message.h>
#include <pith/compressors/index_coding.h>
#include <pith/core/device_span.h>
#include <pith/cuda/device_scratch.h>

// Index coding (index_coding.h) on a device: the same bytes, and the same ones are refused.
//
// Wire     u8 coder, u56 bytes, that many bytes of the coder's, and zeros up to a multiple of 16
//          bytes, counted with 8 bytes that lie before: the head of a sparse message.
// Cost     write: two reads of the entries, one if the coder's bytes do not depend on the gaps, and
//          an access to each word of the bytes; two kernels, one for 8,192 entries or fewer.
//          read: two reads of the bytes, one or three of the indices, one or two writes of them;
//          three to five kernels, one for 8,192 indices in 32 KiB or fewer.
// Memory   of the scratch: 18 bytes for 256 entries; 20 bytes for 2,048 indices, and 8 for 8 KiB.
namespace pith {

/// The elements of a segment that a sparse message keeps (Support), on a device.
struct DeviceSupport {
  const std::uint32_t* indices = nullptr;  ///< in the tensor, ascending
  /// On the device: the segment's are those from number range[0] on and before range[1].
  const std::uint32_t* range = nullptr;
  std::size_t first = 0;  ///< element of the segment; all its indices are in [first, first + size)
  std::size_t size = 0;   ///< elements of the segment, below 2^32
  std::size_t most = 0;   ///< indices of the segment at most
};

/// Writes the indices at `out`, a multiple of 8 bytes on the device; and how many bytes that took
/// to *used, on the device. `out` holds 8 less than a multiple of 16, and with 8 more not less than
/// padded(8 + most_index_bytes(coding, support.most, support.size)).
void write_indices(IndexCoding coding, const DeviceSupport& support, DeviceSpan<std::byte> out,
                   std::uint64_t* used, cuda::DeviceScratch& scratch, DeviceStream stream);

/// Where read_indices() writes; all of it on the device.
struct DeviceIndices {
  DeviceSpan<std::uint32_t> indices;  ///< relative to the segment, of which the first *count
  std::uint32_t* count = nullptr;     ///< as many are expected; 0 if they are refused
  std::uint64_t* used = nullptr;      ///< bytes they took; 0 if they are refused
  DeviceFault* fault = nullptr;       ///< where it is noted that they are
};

/// Reads what write_indices() wrote at a multiple of 8 bytes, and perhaps something behind it. Any
/// bytes are fine: they are refused unless they are *count ascending numbers below n, by a coder
/// that `coding` allows, not more than out.indices holds, with zeros behind them.
void read_indices(IndexCoding coding, DeviceSpan<const std::byte> bytes, std::size_t n,
                  const DeviceIndices& out, cuda::DeviceScratch& scratch, DeviceStream stream);

}  // namespace pith
