// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/compressors/device_segments.cuh>

namespace pith {
namespace {

// As many as travel with a launch.
struct SomeCuts {
  static constexpr std::size_t kMost = 128;
  std::uint64_t at[kMost];
};

__global__ void write_cuts(SomeCuts cuts, unsigned number, const std::uint32_t* count,
                           std::uint64_t* out) {
  if (threadIdx.x >= number) return;
  const std::uint64_t cut = cuts.at[threadIdx.x];
  out[threadIdx.x] = count && *count < cut ? *count : cut;
}

}  // namespace

DeviceCuts put_cuts(Cuts cuts, const DeviceSource& x, cuda::DeviceScratch& scratch,
                    DeviceStream stream) {
  if (x.cuts) return {x.cuts, static_cast<unsigned>(segments(cuts))};
  const auto out = scratch.take<std::uint64_t>(cuts.size());
  for (std::size_t i = 0; i < cuts.size(); i += SomeCuts::kMost) {
    const auto some = cuts.subspan(i, std::min(SomeCuts::kMost, cuts.size() - i));
    SomeCuts passed{};
    std::ranges::copy(some, passed.at);
    cuda::launch(write_cuts, 1, SomeCuts::kMost, stream, passed, static_cast<unsigned>(some.size()),
                 x.count, out.data() + i);
  }
  return {out.data(), static_cast<unsigned>(segments(cuts))};
}

}  // namespace pith
