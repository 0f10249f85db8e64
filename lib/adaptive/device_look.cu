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

template <class Buffer>
void reserve(Buffer& buffer, std::size_t size) {
  if (buffer.size() < size) buffer = Buffer(size);
}

}  // namespace

void DeviceLook::prepare(std::span<const Range> ranges) {
  pieces_ = elements_ = 0;
  for (const Range& range : ranges) {
    pieces_ += (range.size() + kPiece - 1) / kPiece;
    elements_ += range.size();
  }
  reserve(cut_, pieces_);
  reserve(cut_there_, pieces_);
  reserve(composed_, elements_);
  reserve(composed_there_, elements_);
  Piece* next = cut_.span().data();
  std::size_t place = 0;
  for (const Range& range : ranges) {
    for (std::size_t i = range.begin; i < range.end; i += kPiece) {
      *next++ = {i, place, std::min(kPiece, range.end - i)};
      place += std::min(kPiece, range.end - i);
    }
  }
}

void DeviceLook::begin(const DeviceSource& x, DeviceStream stream) {
  size_ = x.size;
  const auto pieces = cut_there_.span().first(pieces_);
  const auto composed = composed_there_.span().first(elements_);
  cuda::upload(std::span<const Piece>(cut_.span().first(pieces_)), pieces, stream);
  with_composer(x, [&](auto composer) {
    cuda::launch(compose_pieces<decltype(composer)>, cuda::blocks_for(pieces_, 1), cuda::kBlock,
                 stream, composer, pieces.data(), pieces_, composed.data());
  });
  cuda::download(DeviceSpan<const float>(composed), composed_.span().first(elements_), stream);
}

// The pieces of a range follow each other.
void DeviceLook::peek(Range range, std::span<float> out) const {
  const auto pieces = cut_.span().first(pieces_);
  const auto first = std::ranges::lower_bound(pieces, range.begin, {}, &Piece::begin);
  std::ranges::copy(composed_.span().subspan(first == pieces.end() ? 0 : first->place, out.size()),
                    out.begin());
}

}  // namespace pith
