// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/cuda/device_scratch.h>

namespace pith::cuda {
namespace {

constexpr std::size_t kAlignment = 256;
constexpr std::size_t kSmallest = std::size_t{1} << 20;

}  // namespace

void DeviceScratch::clear() {
  chunk_ = used_ = taken_ = 0;
  if (chunks_.size() <= 2) return;
  const std::size_t behind = capacity() - chunks_.front().size();
  chunks_.resize(1);
  chunks_.emplace_back(behind);
}

void DeviceScratch::settle() {
  chunk_ = used_ = taken_ = 0;
  if (capacity() == most_) return;
  chunks_.clear();
  chunks_.emplace_back(most_);
}

std::size_t DeviceScratch::capacity() const {
  std::size_t total = 0;
  for (const auto& chunk : chunks_) total += chunk.size();
  return total;
}

std::byte* DeviceScratch::take_bytes(std::size_t bytes) {
  const std::size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  while (chunk_ < chunks_.size() && chunks_[chunk_].size() - used_ < rounded) {
    ++chunk_;
    used_ = 0;
  }
  if (chunk_ == chunks_.size()) chunks_.emplace_back(std::max(rounded, kSmallest));
  std::byte* const start = chunks_[chunk_].span().data() + used_;
  used_ += rounded;
  taken_ += rounded;
  most_ = std::max(most_, taken_);
  return start;
}

}  // namespace pith::cuda
