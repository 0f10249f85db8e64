// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <vector>

#include <pith/compressors/device_entries.cuh>
#include <pith/compressors/device_index_coding.h>
#include <pith/compressors/device_segments.cuh>
#include <pith/compressors/device_sparse_message.h>
#include <pith/cuda/memory.h>

namespace pith {
namespace {

// The front of every segment.
struct Head {
  std::uint32_t count;
  std::uint32_t first;
};

// How the cuts of a tensor cut what is kept of it, on the device.
struct KeptCuts {
  std::uint32_t* ranges;  // of entries: where each segment begins, and the end
  std::uint64_t* cuts;    // the same, as cuts of the values
  std::uint32_t* counts;  // of each segment
};

// Cuts the entries, and writes the heads.
__global__ void begin_segments(DeviceEntries kept, DeviceCuts cuts, KeptCuts parts,
                               DeviceWire wire) {
  const std::uint32_t count = *kept.count;
  const std::uint32_t* const indices = kept.indices.data();
  for (auto i = cuda::global_thread(); i <= cuts.segments; i += cuda::grid_threads()) {
    const auto s = static_cast<unsigned>(i);
    const std::uint32_t first = lower_bound(indices, count, cuts.at[s]);
    parts.ranges[s] = first;
    parts.cuts[s] = first;
    if (s == cuts.segments) continue;
    parts.counts[s] = lower_bound(indices, count, cuts.end(s)) - first;
    wire.sizes.data()[s] = 0;
    if (cuts.begin(s) == cuts.end(s)) continue;
    *reinterpret_cast<Head*>(place_of(wire, s)) = {parts.counts[s], first};
  }
}

// Behind the head and so many bytes of indices.
__device__ std::size_t values_start(std::uint64_t index_bytes) {
  return padded(sizeof(Head) + index_bytes);
}

// Moves the values behind the indices. Blocks take turns with the segments.
__global__ void end_segments(DeviceCuts cuts, const std::uint64_t* index_bytes, DeviceWire values,
                             DeviceWire wire) {
  const unsigned s = blockIdx.x % cuts.segments;
  if (cuts.begin(s) == cuts.end(s)) return;
  const std::size_t start = values_start(index_bytes[s]);
  const std::size_t bytes = values.sizes.data()[s];
  const auto* const from = reinterpret_cast<const uint4*>(place_of(values, s));
  auto* const to = reinterpret_cast<uint4*>(place_of(wire, s) + start);
  const std::size_t turn = blockIdx.x / cuts.segments;
  const std::size_t turns = gridDim.x / cuts.segments;
  for (std::size_t i = turn * blockDim.x + threadIdx.x; i < bytes / sizeof(uint4);
       i += turns * blockDim.x) {
    to[i] = from[i];
  }
  if (turn == 0 && threadIdx.x == 0) wire.sizes.data()[s] = start + bytes;
}

// None where the head is not valid.
__global__ void read_head(DeviceSpan<const std::byte> bytes, std::size_t first, std::size_t n,
                          Head* out, DeviceFault* fault) {
  *out = {};
  if (bytes.size() >= sizeof(Head)) {
    const Head head = *reinterpret_cast<const Head*>(bytes.data());
    if (head.count <= n && head.first <= first) {
      *out = head;
      return;
    }
  }
  fault->invalid = 1;
}

__global__ void find_values(std::uint64_t* index_bytes) {
  *index_bytes = values_start(*index_bytes);
}

class DeviceSparseMessage final : public DeviceMessageCompressor {
 public:
  explicit DeviceSparseMessage(DeviceSparseParts parts) : parts_(std::move(parts)) {}

  const MessageCompressor<float>& host() const override { return *parts_.host; }

  void encode(const DeviceSource& x, Cuts cuts, const RandomKey& key, const DeviceWire& wire,
              cuda::DeviceScratch& scratch, DeviceStream stream) override;
  void decode_mean(std::span<const DeviceSegment> segments, std::size_t first, float divisor,
                   DeviceSpan<float> mean, DeviceFault* fault, cuda::DeviceScratch& scratch,
                   DeviceStream stream) const override;

 private:
  DeviceWire encode_values(const DeviceEntries& kept, const KeptCuts& parts, Cuts cuts,
                           const RandomKey& key, DeviceFault* fault, cuda::DeviceScratch& scratch,
                           DeviceStream stream);
  void commit(const DeviceSource& x, const DeviceEntries& kept, const KeptCuts& parts, Cuts cuts,
              const DeviceWire& values, cuda::DeviceScratch& scratch, DeviceStream stream) const;
  std::uint64_t* write_segments(const DeviceEntries& kept, const KeptCuts& parts, Cuts cuts,
                                const DeviceWire& wire, cuda::DeviceScratch& scratch,
                                DeviceStream stream) const;
  DeviceEntries read(const DeviceSegment& segment, std::size_t first, std::size_t n,
                     DeviceFault* fault, cuda::DeviceScratch& scratch, DeviceStream stream) const;

  DeviceSparseParts parts_;
  std::vector<std::size_t> value_cuts_;
};

std::size_t largest_segment(Cuts cuts) {
  std::size_t most = 0;
  for (std::size_t s = 0; s < segments(cuts); ++s) most = std::max(most, cuts[s + 1] - cuts[s]);
  return most;
}

DeviceWire DeviceSparseMessage::encode_values(const DeviceEntries& kept, const KeptCuts& parts,
                                              Cuts cuts, const RandomKey& key, DeviceFault* fault,
                                              cuda::DeviceScratch& scratch, DeviceStream stream) {
  const std::size_t most = std::min(kept.room(), largest_segment(cuts));
  const std::size_t stride = parts_.values->host().max_segment_bytes(most);
  const DeviceWire wire{scratch.take<std::byte>(segments(cuts) * stride), stride,
                        scratch.take<std::uint64_t>(segments(cuts)), fault};
  value_cuts_.assign(cuts.begin(), cuts.end());
  for (std::size_t& cut : value_cuts_) cut = std::min(cut, kept.room());  // bounds of the true ones
  const DeviceSource values{
      .size = kept.room(), .count = kept.count, .gradient = kept.values.data(), .cuts = parts.cuts};
  parts_.values->encode(values, value_cuts_, key, wire, scratch, stream);
  return wire;
}

// Takes off what the others will see. That is read from what was written, with a fault of its own:
// what is not finite is known already.
void DeviceSparseMessage::commit(const DeviceSource& x, const DeviceEntries& kept,
                                 const KeptCuts& parts, Cuts cuts, const DeviceWire& values,
                                 cuda::DeviceScratch& scratch, DeviceStream stream) const {
  if (x.composing == Composing::gradient) return;
  if (parts_.values_are_exact) {
    return take_off(
        x, {kept.indices.data(), parts.ranges, parts.ranges + segments(cuts), kept.values}, stream);
  }
  const cuda::DeviceScratch::Frame frame(scratch);
  const auto fault = scratch.take<DeviceFault>(1);
  cuda::clear(fault, stream);
  const auto all = scratch.take<float>(std::min(kept.room(), largest_segment(cuts)));
  for (std::size_t s = 0; s < segments(cuts); ++s) {
    const auto sent = all.first(std::min(kept.room(), cuts[s + 1] - cuts[s]));
    const DeviceSegment segment{values.bytes.subspan(s * values.stride, values.stride),
                                parts.counts + s, nullptr, parts.ranges + s};
    parts_.values->decode_mean({&segment, 1}, 0, 1, sent, fault.data(), scratch, stream);
    take_off(x, {kept.indices.data(), parts.ranges + s, parts.ranges + s + 1, sent}, stream);
  }
}

// Writes the indices; returns how many bytes they take, on the device.
std::uint64_t* DeviceSparseMessage::write_segments(const DeviceEntries& kept, const KeptCuts& parts,
                                                   Cuts cuts, const DeviceWire& wire,
                                                   cuda::DeviceScratch& scratch,
                                                   DeviceStream stream) const {
  const auto bytes = scratch.take<std::uint64_t>(segments(cuts));
  for (std::size_t s = 0; s < segments(cuts); ++s) {
    const std::size_t size = cuts[s + 1] - cuts[s];
    if (size == 0) continue;
    const auto place = wire.bytes.subspan(s * wire.stride, wire.stride);
    const DeviceSupport support{kept.indices.data(), parts.ranges + s, cuts[s], size,
                                std::min(kept.room(), size)};
    pith::write_indices(parts_.index, support, place.subspan(sizeof(Head)), bytes.data() + s,
                        scratch, stream);
  }
  return bytes.data();
}

void DeviceSparseMessage::encode(const DeviceSource& x, Cuts cuts, const RandomKey& key,
                                 const DeviceWire& wire, cuda::DeviceScratch& scratch,
                                 DeviceStream stream) {
  if (x.size == 0) return cuda::clear(wire.sizes, stream);
  const cuda::DeviceScratch::Frame frame(scratch);
  const std::size_t count = segments(cuts);
  const DeviceEntries kept = take_entries(parts_.host->most_kept(x.size), scratch);
  parts_.selector->select(x, kept, wire.fault, scratch, stream);
  const DeviceCuts where = put_cuts(cuts, x, scratch, stream);
  const KeptCuts parts{scratch.take<std::uint32_t>(count + 1).data(),
                       scratch.take<std::uint64_t>(count + 1).data(),
                       scratch.take<std::uint32_t>(count).data()};
  cuda::launch(begin_segments, cuda::blocks_for(count + 1, cuda::kBlock), cuda::kBlock, stream,
               kept, where, parts, wire);
  const DeviceWire values = encode_values(kept, parts, cuts, key, wire.fault, scratch, stream);
  commit(x, kept, parts, cuts, values, scratch, stream);
  const std::uint64_t* const index_bytes = write_segments(kept, parts, cuts, wire, scratch, stream);
  const unsigned turns = cuda::blocks_for(values.stride, 16 * cuda::kBlock, 64);
  cuda::launch(end_segments, turns * where.segments, cuda::kBlock, stream, where, index_bytes,
               values, wire);
}

DeviceEntries DeviceSparseMessage::read(const DeviceSegment& segment, std::size_t first,
                                        std::size_t n, DeviceFault* fault,
                                        cuda::DeviceScratch& scratch, DeviceStream stream) const {
  const auto bytes = segment.bytes;
  // No coder gets by with less than a bit per index.
  DeviceEntries entries = take_entries(std::min(n, 8 * bytes.size()), scratch);
  Head* const head = scratch.take<Head>(1).data();
  entries.count = &head->count;
  const auto used = scratch.take<std::uint64_t>(1);
  cuda::launch(read_head, 1, 1, stream, bytes, first, n, head, fault);
  read_indices(parts_.index, bytes.subspan(std::min(sizeof(Head), bytes.size())), n,
               {entries.indices, entries.count, used.data(), fault}, scratch, stream);
  cuda::launch(find_values, 1, 1, stream, used.data());
  const DeviceSegment values{bytes, entries.count, used.data(), &head->first};
  parts_.values->decode_mean({&values, 1}, 0, 1, entries.values, fault, scratch, stream);
  return entries;
}

void DeviceSparseMessage::decode_mean(std::span<const DeviceSegment> segments, std::size_t first,
                                      float divisor, DeviceSpan<float> mean, DeviceFault* fault,
                                      cuda::DeviceScratch& scratch, DeviceStream stream) const {
  if (mean.empty()) return;
  for (std::size_t m = 0; m < segments.size(); m += kEntriesTogether) {
    const cuda::DeviceScratch::Frame frame(scratch);
    const auto some =
        segments.subspan(m, std::min<std::size_t>(kEntriesTogether, segments.size() - m));
    std::array<DeviceEntries, kEntriesTogether> entries;
    std::ranges::transform(some, entries.begin(), [&](const DeviceSegment& segment) {
      return read(segment, first, mean.size(), fault, scratch, stream);
    });
    const EntriesPart part{DeviceEnding::of(divisor), m == 0, m + some.size() == segments.size()};
    add_to_mean(std::span(entries).first(some.size()), part, mean, fault, scratch, stream);
  }
}

}  // namespace

std::unique_ptr<DeviceMessageCompressor> make_device_sparse(DeviceSparseParts parts) {
  return std::make_unique<DeviceSparseMessage>(std::move(parts));
}

}  // namespace pith
