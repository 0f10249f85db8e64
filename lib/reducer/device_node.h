// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <pith/comm/device_communicator.h>
#include <pith/core/range.h>
#include <pith/cuda/device_scratch.h>

namespace pith {

/// The node stage (node_stage.h) of one tensor, as floats, that lies on the devices of a node's
/// ranks:
///
///   before   part = sum over the node's ranks / (ranks / nodes), by the devices' communicator
///   after    every rank of the node receives every owner's estimates
///
/// Wire     per rank of l, for parts of at most c elements: (l-1) c * 4 bytes each time
/// Memory   (l + 1) c floats of scratch, before and after
class DeviceNode {
 public:
  /// `parts`: the elements that each rank of the node owns. `node` outlives this.
  DeviceNode(DeviceCommunicator& node, std::vector<Range> parts, double mean_ranks);

  /// Takes what memory reduce() and gather() need, and gives it back to the scratch.
  void reserve(cuda::DeviceScratch& scratch);

  /// Both put work into the stream and return the bytes counted at the communicator. A rank that
  /// does not take part gives zeros; `whole` is not looked at then, and else counts times `factor`.
  std::uint64_t reduce(DeviceSpan<const float> whole, bool pushed, float factor,
                       DeviceSpan<float> part, cuda::DeviceScratch& scratch, DeviceStream stream);
  std::uint64_t gather(DeviceSpan<const float> part, DeviceSpan<float> whole,
                       cuda::DeviceScratch& scratch, DeviceStream stream);

  /// Of the whole tensor.
  std::size_t elements() const { return parts_.back().end; }

  /// With the communicator's deadline.
  void wait(DeviceStream stream) { node_.wait(stream); }

 private:
  /// Of one size, as the communicator has them; what does not fill one is zero.
  struct Blocks {
    DeviceSpan<float> all;  // of every rank
    DeviceSpan<float> sum;  // of this rank's
  };
  Blocks take_blocks(cuda::DeviceScratch& scratch) const;

  DeviceCommunicator& node_;
  std::vector<Range> parts_;
  float mean_ranks_;
  std::size_t most_ = 0;  // elements of a part
};

}  // namespace pith
