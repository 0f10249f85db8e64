// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/compressors/device_entries.h>
#include <pith/compressors/device_mean.cuh>

namespace pith {

/// The first of the ascending indices that is not below `least`.
__device__ inline std::uint32_t lower_bound(const std::uint32_t* indices, std::uint32_t count,
                                            std::size_t least) {
  std::uint32_t low = 0;
  for (std::uint32_t left = count; left > 0;) {
    const std::uint32_t half = left / 2;
    const bool below = indices[low + half] < least;
    low = below ? low + half + 1 : low;
    left = below ? left - half - 1 : half;
  }
  return low;
}

/// As many ranks' entries as are added together.
inline constexpr unsigned kEntriesTogether = 8;

/// Which of all ranks are added: the first ones begin a sum, the last ones end it.
struct EntriesPart {
  DeviceEnding ending;
  bool begins = true;
  bool ends = true;
};

/// Adds the entries of up to kEntriesTogether ranks to the mean, rank after rank; their indices
/// ascend and are below mean.size(). Does nothing where `fault` knows of a message that is not
/// valid.
///
/// Cost   one write of the mean, and a read unless it begins; one read of the entries. Scratch 4
///        bytes for every rank and 4096 elements.
void add_to_mean(std::span<const DeviceEntries> ranks, const EntriesPart& part,
                 DeviceSpan<float> mean, const DeviceFault* fault, cuda::DeviceScratch& scratch,
                 DeviceStream stream);

}  // namespace pith
