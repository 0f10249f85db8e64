// SPDX-License-Identifier: Apache-2.0
#include <pith/core/scratch.h>

namespace pith {

void Scratch::clear() {
  if (chunks_.size() > 1) {
    const std::size_t total = capacity();
    chunks_.clear();
    add_chunk(total);
  }
  chunk_ = 0;
  used_ = 0;
}

std::size_t Scratch::capacity() const {
  std::size_t total = 0;
  for (const Chunk& chunk : chunks_) total += chunk.size;
  return total;
}

std::byte* Scratch::take_bytes(std::size_t bytes) {
  const std::size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < rounded) {
    ++chunk_;
    used_ = 0;
  }
  if (chunk_ == chunks_.size()) add_chunk(rounded);
  std::byte* start = reinterpret_cast<std::byte*>(chunks_[chunk_].lines.get()) + used_;
  used_ += rounded;
  return start;
}

void Scratch::add_chunk(std::size_t bytes) {
  constexpr std::size_t kSmallest = 64 * 1024;
  const std::size_t lines = std::max(bytes, kSmallest) / kAlignment + 1;
  // Plain new: the pages are touched by whoever writes them first, not zeroed here.
  chunks_.push_back({std::unique_ptr<Line[]>(new Line[lines]), lines * kAlignment});
  chunk_ = chunks_.size() - 1;
  used_ = 0;
}

}  // namespace pith
