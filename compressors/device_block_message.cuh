// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <memory>
#include <utility>

#include <pith/compressors/device_block.cuh>
#include <pith/compressors/device_codes.cuh>
#include <pith/compressors/device_mean.cuh>
#include <pith/compressors/device_points.cuh>

// The messages of block_message.h on a device. A Scheme has what one there has, of floats, but for
//
//   kDraws                              whether it may round at random
//   measure(elements) -> Statistics     of a BlockElements, by all threads together
//   code(x, statistics, point, index)   of one element, rounded at point.at(index); below 2^width()
//                                       whatever x is
//   value(code, statistics)
namespace pith {

/// The elements of a codec's block. By a power of two is divided quickly.
class BlockSize {
 public:
  explicit BlockSize(std::size_t size) : size_(size) {
    if (std::has_single_bit(size)) shift_ = std::countr_zero(size);
  }

  __host__ __device__ operator std::size_t() const { return size_; }

  /// The number of the block with an element.
  __device__ std::size_t of(std::size_t element) const {
    return shift_ < 0 ? element / size_ : element >> shift_;
  }

  /// How many blocks some elements touch.
  __device__ std::size_t touched(std::size_t first, std::size_t count) const {
    return count == 0 ? 0 : of(first + count - 1) - of(first) + 1;
  }

 private:
  std::size_t size_;
  int shift_ = -1;
};

template <class Scheme>
struct BlockSettings {
  Scheme scheme;
  BlockSize block;
  RoundingPoint point;

  using Statistics = typename Scheme::Statistics;

  __device__ std::size_t blocks(DeviceCuts cuts, unsigned s) const {
    return block.touched(cuts.begin(s), cuts.end(s) - cuts.begin(s));
  }
  __device__ std::size_t bits(DeviceCuts cuts, unsigned s) const {
    return 8 * sizeof(Statistics) * blocks(cuts, s) +
           scheme.width() * (cuts.end(s) - cuts.begin(s));
  }

  /// What of the elements [begin, end) belongs to segment s.
  __device__ CodePiece piece(DeviceCuts cuts, const DeviceWire& wire, unsigned s, Range all) const {
    std::byte* const codes = place_of(wire, s) + blocks(cuts, s) * sizeof(Statistics);
    const std::size_t first = cuts.begin(s);
    return {reinterpret_cast<std::uint32_t*>(codes), std::max(all.begin, first) - first,
            std::min(all.end, cuts.end(s)) - first, all.end >= cuts.end(s), scheme.width()};
  }

  /// Calls body(s) for every segment with some of the elements, which are in the tensor.
  template <class Body>
  __device__ void for_segments(DeviceCuts cuts, Range all, const Body& body) const {
    for (unsigned s = cuts.holding(all.begin); s < cuts.segments && cuts.begin(s) < all.end; ++s) {
      if (cuts.begin(s) < cuts.end(s)) body(s);
    }
  }
};

/// Zeros in words that several blocks of threads write to: each has a chunk of a codec's block.
template <class Scheme>
__global__ void clear_shared_words(BlockSettings<Scheme> settings, DeviceCuts cuts, DeviceWire wire,
                                   std::size_t chunk) {
  const std::size_t n = cuts.end(cuts.segments - 1);
  const std::size_t chunks = (settings.block + chunk - 1) / chunk;
  for (std::size_t c = cuda::global_thread();; c += cuda::grid_threads()) {
    const std::size_t block = c / chunks * settings.block;
    if (block >= n) return;
    const std::size_t begin = block + c % chunks * chunk;
    if (begin >= n) continue;
    const Range all{begin, std::min({begin + chunk, block + settings.block, n})};
    settings.for_segments(cuts, all, [&](unsigned s) {
      const CodePiece piece = settings.piece(cuts, wire, s, all);
      if (piece.begins_within_a_word()) piece.words[piece.first_bit() / kWordBits] = 0;
    });
  }
}

/// A block of threads composes, measures, codes and commits block after block.
template <class Scheme, class Source, unsigned kThreads, unsigned kItems>
__global__ void __launch_bounds__(kThreads)
    encode_blocks(Source source, BlockSettings<Scheme> settings, DeviceCuts cuts, DeviceWire wire) {
  using Elements = BlockElements<Source, kThreads, kItems>;
  using Statistics = typename Scheme::Statistics;
  using Points = DevicePoints<kThreads, Scheme::kDraws>;
  __shared__ float chunk[Elements::kChunk];
  __shared__ SharedCodes<Elements::kChunk> codes;
  __shared__ typename Elements::Room room;
  const Scheme& scheme = settings.scheme;
  Points points(settings.point);
  const std::size_t n = source.size();
  bool finite = true;
  for (std::size_t b = blockIdx.x; b * settings.block < n; b += gridDim.x) {
    const Range block{b * settings.block, std::min(n, (b + 1) * settings.block)};
    Elements x(source, block, chunk, room);
    const Statistics statistics = scheme.measure(x);
    if (threadIdx.x == 0) {
      settings.for_segments(cuts, block, [&](unsigned s) {
        reinterpret_cast<Statistics*>(place_of(wire, s))[b - settings.block.of(cuts.begin(s))] =
            statistics;
      });
    }
    x.for_chunks([&](const float* elements, unsigned count, std::size_t first) {
      __syncthreads();  // nobody reads the last codes any more
      for (unsigned i = threadIdx.x; i - threadIdx.x < count; i += Points::kRows * kThreads) {
        const unsigned rest = count - (i - threadIdx.x);
        points.draw(first + i, (rest + kThreads - 1) / kThreads);
#pragma unroll
        for (unsigned row = 0; row < Points::kRows; ++row) {
          const unsigned j = i + row * kThreads;
          if (j - threadIdx.x >= count) break;
          const bool inside = j < count;
          const float u = inside ? elements[j] : 0.0f;
          const std::uint32_t code =
              inside ? scheme.code(u, statistics, points.of(row), first + j) : 0;
          codes.put(j, code, scheme.width());
          if (inside) source.sent(first + j, u, scheme.value(code, statistics));
        }
      }
      __syncthreads();
      const Range all{first, first + count};
      settings.for_segments(cuts, all, [&](unsigned s) {
        const CodePiece piece = settings.piece(cuts, wire, s, all);
        piece.write(codes, static_cast<unsigned>(cuts.begin(s) + piece.begin - first));
      });
    });
    finite = finite && x.finite();
  }
  if (!finite) wire.fault->non_finite = 1;
  if (blockIdx.x == 0) {
    end_segments(cuts, wire, sizeof(std::uint32_t),
                 [&](unsigned s) { return settings.bits(cuts, s); });
  }
}

/// A Decoder of device_mean.cuh.
template <class Scheme>
class BlockDecoder {
 public:
  using Statistics = typename Scheme::Statistics;
  static constexpr bool kChecked = true;
  struct Place {
    std::size_t bit;
    std::size_t block;
  };

  BlockDecoder(const Scheme& scheme, std::size_t block, std::size_t first)
      : scheme_(scheme), block_(block), skipped_(first % block) {}

  __device__ void begin(std::size_t n, const std::uint32_t* first) {
    count_ = n;
    if (first) skipped_ = *first % block_;
    number_ = block_.touched(skipped_, n);
  }
  __device__ std::size_t statistics() const { return number_; }
  __device__ std::size_t bits() const {
    return 8 * sizeof(Statistics) * number_ + scheme_.width() * count_;
  }
  __device__ bool valid(const Statistics& statistics) const { return scheme_.valid(statistics); }

  __device__ Place at(std::size_t i) const {
    return {8 * sizeof(Statistics) * number_ + i * scheme_.width(), block_.of(skipped_ + i)};
  }
  __device__ float value(const std::byte* bytes, const Place& place) const {
    return scheme_.value(code_at(bytes, place.bit, scheme_.width()),
                         reinterpret_cast<const Statistics*>(bytes)[place.block]);
  }

 private:
  Scheme scheme_;
  BlockSize block_;
  std::size_t skipped_;  // elements of the first block that the segment does not have
  std::size_t count_ = 0;
  std::size_t number_ = 0;
};

/// The device's BlockMessage: one read of x and its states, one write of the next ones, where a
/// block has no more than 4096 elements; else two reads, and a block is coded by 256 threads.
template <class Scheme>
class DeviceBlockMessage final : public DeviceMessageCompressor {
 public:
  DeviceBlockMessage(std::unique_ptr<MessageCompressor<float>> host, const Scheme& scheme,
                     std::size_t block)
      : host_(std::move(host)), scheme_(scheme), block_(block) {}

  const MessageCompressor<float>& host() const override { return *host_; }

  void encode(const DeviceSource& x, Cuts cuts, const RandomKey& key, const DeviceWire& wire,
              cuda::DeviceScratch& scratch, DeviceStream stream) override {
    const cuda::DeviceScratch::Frame frame(scratch);
    const BlockSettings<Scheme> settings{scheme_, BlockSize(block_),
                                         RoundingPoint(scheme_.rounding(), key)};
    const DeviceCuts places = put_cuts(cuts, x, scratch, stream);
    const bool shared = shares_words(cuts) || (x.cuts && segments(cuts) > 1);
    with_composer(x, [&](const auto& composer) {
      if (block_ <= kSmall)
        return encode_by<32, 16>(composer, settings, shared, places, wire, stream);
      encode_by<256, 16>(composer, settings, shared, places, wire, stream);
    });
  }

  void decode_mean(std::span<const DeviceSegment> segments, std::size_t first, float divisor,
                   DeviceSpan<float> mean, DeviceFault* fault, cuda::DeviceScratch&,
                   DeviceStream stream) const override {
    decode_mean_by(BlockDecoder<Scheme>(scheme_, block_, first), segments, divisor, mean, fault,
                   stream);
  }

 private:
  static constexpr std::size_t kSmall = 512;          // elements, which a warp codes alone
  static constexpr unsigned kThreadsInFlight = 2048;  // of a multiprocessor

  // Whether some words hold codes of two blocks.
  bool shares_words(Cuts cuts) const {
    const auto within_a_word = [&](std::size_t i) { return i * scheme_.width() % kWordBits != 0; };
    return within_a_word(block_) || std::ranges::any_of(cuts.first(segments(cuts)), within_a_word);
  }

  template <unsigned kThreads, unsigned kItems, class Source>
  void encode_by(const Source& source, const BlockSettings<Scheme>& settings, bool shared,
                 DeviceCuts cuts, const DeviceWire& wire, DeviceStream stream) const {
    const std::size_t n = source.x.size;
    if (shared) {
      constexpr std::size_t kChunk = kThreads * kItems;
      const std::size_t chunks = (n + block_ - 1) / block_ * ((block_ + kChunk - 1) / kChunk);
      cuda::launch(clear_shared_words<Scheme>, cuda::blocks_for(chunks, cuda::kBlock), cuda::kBlock,
                   stream, settings, cuts, wire, kChunk);
    }
    cuda::launch(encode_blocks<Scheme, Source, kThreads, kItems>,
                 cuda::blocks_for(n, block_, cuda::most_blocks(kThreadsInFlight / kThreads)),
                 kThreads, stream, source, settings, cuts, wire);
  }

  std::unique_ptr<MessageCompressor<float>> host_;
  Scheme scheme_;
  std::size_t block_;
};

}  // namespace pith
