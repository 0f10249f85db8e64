// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <pith/cuda/memory.h>
#include <pith/feedback/device_feedback.h>
#include <pith/reducer/device_node.h>

namespace pith {

DeviceNode::DeviceNode(DeviceCommunicator& node, std::vector<Range> parts, double mean_ranks)
    : node_(node), parts_(std::move(parts)), mean_ranks_(static_cast<float>(mean_ranks)) {
  for (const Range& part : parts_) most_ = std::max(most_, part.size());
}

auto DeviceNode::take_blocks(cuda::DeviceScratch& scratch) const -> Blocks {
  return {scratch.take<float>(parts_.size() * most_), scratch.take<float>(most_)};
}

void DeviceNode::reserve(cuda::DeviceScratch& scratch) {
  const cuda::DeviceScratch::Frame frame(scratch);
  const Blocks blocks = take_blocks(scratch);
  node_.reserve(blocks.all.size_bytes(), blocks.all.size_bytes());
}

std::uint64_t DeviceNode::reduce(DeviceSpan<const float> whole, bool pushed, float factor,
                                 DeviceSpan<float> part, cuda::DeviceScratch& scratch,
                                 DeviceStream stream) {
  const std::uint64_t before = node_.wire_bytes();
  const cuda::DeviceScratch::Frame frame(scratch);
  const auto [blocks, sum] = take_blocks(scratch);
  cuda::clear(blocks, stream);
  for (std::size_t r = 0; r < parts_.size() && pushed; ++r) {
    cuda::copy(whole.subspan(parts_[r].begin, parts_[r].size()),
               blocks.subspan(r * most_, parts_[r].size()), stream);
  }
  if (factor != 1) scale(factor, blocks, stream);
  node_.reduce_scatter(blocks, sum, stream);
  cuda::copy(DeviceSpan<const float>(sum.first(part.size())), part, stream);
  divide(part, mean_ranks_, stream);
  return node_.wire_bytes() - before;
}

std::uint64_t DeviceNode::gather(DeviceSpan<const float> part, DeviceSpan<float> whole,
                                 cuda::DeviceScratch& scratch, DeviceStream stream) {
  const std::uint64_t before = node_.wire_bytes();
  const cuda::DeviceScratch::Frame frame(scratch);
  const auto blocks = take_blocks(scratch).all;
  const auto mine = blocks.subspan(static_cast<std::size_t>(node_.rank()) * most_, most_);
  cuda::copy(part, mine.first(part.size()), stream);
  node_.all_gather({reinterpret_cast<const std::byte*>(mine.data()), mine.size_bytes()},
                   {reinterpret_cast<std::byte*>(blocks.data()), blocks.size_bytes()}, stream);
  for (std::size_t r = 0; r < parts_.size(); ++r) {
    cuda::copy(DeviceSpan<const float>(blocks.subspan(r * most_, parts_[r].size())),
               whole.subspan(parts_[r].begin, parts_[r].size()), stream);
  }
  return node_.wire_bytes() - before;
}

}  // namespace pith
