// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/adaptive/device_look.h>
#include <pith/compressors/device_source.cuh>

namespace pith {
namespace {

constexpr std::size_t kPiece = 4096;

// A block takes one piece after the other.
template <class Composed>
__global__ void compose_pieces(Composed x, const DeviceLook::Piece* pieces, std::size_t count,
                               float* out) {
  for (std::size_t p = blockIdx.x; p < count; p += gridDim.x) {
    const DeviceLook::Piece piece = pieces[p];
    for (std::size_t i = threadIdx.x; i < piece.size; i += blockDim.x) {
      out[piece.place + i] = x.compose(piece.begin + i);
    }
  }
}

template <class V>
void reserve(cuda::PinnedBuffer<V>& buffer, std::size_t size) {
  if (buffer.size() < size) buffer = cuda::PinnedBuffer<V>(size);
}

}  // namespace

void DeviceLook::cut(std::span<const Range> ranges) {
  std::size_t pieces = 0;
  std::size_t elements = 0;
  for (const Range& range : ranges) {
    pieces += (range.size() + kPiece - 1) / kPiece;
    elements += range.size();
  }
  reserve(cut_, pieces);
  reserve(elements_, elements);
  pieces_ = 0;
  std::size_t place = 0;
  for (const Range& range : ranges) {
    for (std::size_t i = range.begin; i < range.end; i += kPiece) {
      const Piece piece{i, place, std::min(kPiece, range.end - i)};
      cut_.span()[pieces_++] = piece;
      place += piece.size;
    }
  }
}

void DeviceLook::begin(const DeviceSource& x, std::span<const Range> ranges,
                       cuda::DeviceScratch& scratch, DeviceStream stream) {
  size_ = x.size;
  cut(ranges);
  const cuda::DeviceScratch::Frame frame(scratch);
  const auto pieces = scratch.take<Piece>(pieces_);
  const std::size_t elements =
      pieces_ == 0 ? 0 : cut_.span()[pieces_ - 1].place + cut_.span()[pieces_ - 1].size;
  const auto composed = scratch.take<float>(elements);
  cuda::upload(std::span<const Piece>(cut_.span().first(pieces_)), pieces, stream);
  with_composer(x, [&](auto composer) {
    cuda::launch(compose_pieces<decltype(composer)>, cuda::blocks_for(pieces_, 1), cuda::kBlock,
                 stream, composer, pieces.data(), pieces_, composed.data());
  });
  cuda::download(DeviceSpan<const float>(composed), elements_.span().first(elements), stream);
  arrived_.record(stream);
}

// The pieces of a range follow each other.
void DeviceLook::peek(Range range, std::span<float> out) const {
  const auto pieces = cut_.span().first(pieces_);
  const auto first = std::ranges::lower_bound(pieces, range.begin, {}, &Piece::begin);
  std::ranges::copy(elements_.span().subspan(first == pieces.end() ? 0 : first->place, out.size()),
                    out.begin());
}

}  // namespace pith
