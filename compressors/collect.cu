// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/device_select.h>
#include <pith/compressors/device_source.cuh>
#include <pith/compressors/select.cuh>
#include <pith/compressors/tiles.cuh>

namespace pith {
namespace {

struct Work {
  unsigned* ticket;
  cuda::Lookback lookback;
};

template <Composing kComposing>
__device__ void compose_tile(const Composer<kComposing>& x, std::size_t tile, float (&u)[kEach]) {
#pragma unroll
  for (unsigned step = 0; step < kEach; ++step) {
    const std::size_t i = tile_element(tile, step);
    u[step] = i < x.x.size ? x.compose(i) : 0.0f;
  }
}

template <Composing kComposing>
__device__ void keep_tile(const Composer<kComposing>& x, std::size_t tile, const float (&u)[kEach],
                          float* composed) {
#pragma unroll
  for (unsigned step = 0; step < kEach; ++step) {
    const std::size_t i = tile_element(tile, step);
    if (i >= x.x.size) continue;
    x.keep(i, u[step]);
    if (composed) composed[i] = u[step];
  }
}

// Votes for what is collected; whether all is finite.
__device__ bool vote_for(const float (&u)[kEach], std::size_t tile, std::size_t n,
                         std::uint32_t least, Votes& votes) {
  bool finite = true;
#pragma unroll
  for (unsigned step = 0; step < kEach; ++step) {
    const std::uint32_t bits = magnitude_bits(u[step]);
    finite = finite && bits < kInfinityBits;
    votes.vote(step, tile_element(tile, step) < n && bits >= least);
  }
  return finite;
}

template <Composing kComposing>
__global__ void __launch_bounds__(cuda::kBlock, 4)
    collect_tiles(Composer<kComposing> x, DeviceLeast least, float* composed, DeviceEntries out,
                  DeviceFault* fault, Work work) {
  __shared__ Places<1> places;
  const std::size_t n = x.x.size;
  const std::uint32_t bits = least.guess ? max(least.bits, *least.guess) : least.bits;
  for (auto tile = cuda::next_tile(work.ticket); tile * kTile < n;
       tile = cuda::next_tile(work.ticket)) {
    float u[kEach];
    Votes votes;
    compose_tile(x, tile, u);
    keep_tile(x, tile, u, composed);
    if (!vote_for(u, tile, n, bits, votes)) fault->non_finite = 1;
    places.find({work.lookback}, tile, {votes.count()});
    std::size_t place = places.before_warp(0);
#pragma unroll
    for (unsigned step = 0; step < kEach; ++step) {
      const std::size_t mine = place + votes.before(step);
      if (votes.kept(step) && mine < out.room()) {
        out.indices.data()[mine] = static_cast<std::uint32_t>(tile_element(tile, step));
        out.values.data()[mine] = u[step];
      }
      place += votes.in_step(step);
    }
    if ((tile + 1) * kTile >= n && threadIdx.x == 0)
      *out.count = static_cast<std::uint32_t>(places.total(0));
  }
}

}  // namespace

void collect(const DeviceSource& x, DeviceLeast least, float* composed, const DeviceEntries& out,
             DeviceFault* fault, cuda::DeviceScratch& scratch, DeviceStream stream) {
  const cuda::DeviceScratch::Frame frame(scratch);
  const std::size_t tiles = tiles_of(x.size);
  const auto words = scratch.take<cuda::Lookback::Word>(tiles + 1);
  cuda::clear(words, stream);
  if (tiles == 0) return cuda::clear(DeviceSpan<std::uint32_t>(out.count, 1), stream);
  const Work work{reinterpret_cast<unsigned*>(words.data() + tiles), cuda::Lookback(words.data())};
  with_composer(x, [&]<Composing kComposing>(const Composer<kComposing>& composer) {
    cuda::launch(collect_tiles<kComposing>, cuda::blocks_for(tiles, 1), cuda::kBlock, stream,
                 composer, least, composed, out, fault, work);
  });
}

}  // namespace pith
