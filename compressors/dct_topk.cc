// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include <pith/compressors/blocks.h>
#include <pith/compressors/blocktopk.h>
#include <pith/compressors/dct.h>
#include <pith/compressors/dct_topk.h>
#include <pith/compressors/finite.h>
#include <pith/compressors/segments.h>
#include <pith/compressors/sparse_message.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

constexpr const char* kName = "dct_topk";

// The front of every segment: bytes of the messages of chunks that are cut.
struct Head {
  std::uint32_t front = 0;
  std::uint32_t back = 0;
};

// The coefficients that a segment needs, in up to three messages: of the chunk that is cut at its
// front, of whole chunks, and of the chunk that is cut at its back.
using Pieces = std::array<Range, 3>;

// Of the elements [begin, end). `cut` tells that the chunk in which it ends, if it ends in one,
// goes on behind it.
Pieces pieces_of(Range elements, std::size_t chunk, bool cut) {
  if (elements.size() == 0) return {};
  const auto down = [=](std::size_t i) { return i / chunk * chunk; };
  const auto up = [=](std::size_t i) { return down(i + chunk - 1); };
  const std::size_t whole = up(elements.begin);
  const std::size_t end = cut ? std::max(whole, down(elements.end)) : up(elements.end);
  return {Range{down(elements.begin), whole}, Range{whole, end},
          Range{end, std::max(end, up(elements.end))}};
}

// What coefficients decode to.
template <Element T>
class Transformed final : public Decoded<T> {
 public:
  using Messages = std::array<const Decoded<T>*, 3>;

  Transformed(const Dct<T>& dct, const Pieces& pieces, const Messages& messages)
      : dct_(dct), pieces_(pieces), messages_(messages) {}

  void axpy(T a, std::size_t first, std::span<T> y) const override {
    const std::size_t chunk = dct_.size();
    const std::size_t window = Dct<T>::kMost / chunk * chunk;
    const std::size_t end = first + y.size();
    for (std::size_t i = first / chunk * chunk; i < end; i += window) {
      T coefficients[Dct<T>::kMost];
      get(Range{i, std::min(i + window, (end + chunk - 1) / chunk * chunk)}, coefficients);
      for (std::size_t j = i; j < std::min(i + window, end); j += chunk) {
        add(a, {coefficients + (j - i), chunk}, j, first, y);
      }
    }
  }

 private:
  void get(Range range, T* coefficients) const {
    std::fill_n(coefficients, range.size(), T{0});
    for (std::size_t p = 0; p < pieces_.size(); ++p) {
      const std::size_t begin = std::max(range.begin, pieces_[p].begin);
      const std::size_t end = std::min(range.end, pieces_[p].end);
      if (begin >= end) continue;
      messages_[p]->axpy(1, begin, {coefficients + (begin - range.begin), end - begin});
    }
  }

  // What y has of the chunk that begins with element j.
  void add(T a, std::span<const T> coefficients, std::size_t j, std::size_t first,
           std::span<T> y) const {
    T chunk[Dct<T>::kMost];
    dct_.inverse(coefficients, std::span(chunk, dct_.size()));
    const Range part{std::max(first, j), std::min(first + y.size(), j + dct_.size())};
    pith::axpy(a, std::span<const T>(chunk + (part.begin - j), part.size()), slice(y, part, first));
  }

  const Dct<T>& dct_;
  Pieces pieces_;
  Messages messages_;
};

template <Element T>
class DctTopK final : public MessageCompressor<T> {
 public:
  DctTopK(std::size_t chunk, std::unique_ptr<SparseCompressor<T>> topk)
      : dct_(chunk), topk_(std::move(topk)) {}

  std::size_t max_wire_bytes(std::size_t n, std::size_t segments) const override {
    if (n > std::numeric_limits<std::uint32_t>::max() - dct_.size()) {
      throw UsageError(std::string(kName) + ": " + std::to_string(n) + " elements are too many");
    }
    const std::size_t cuts = segments - 1;  // a chunk that is cut is sent twice, in a message each
    return segments * padded(sizeof(Head)) + topk_->max_wire_bytes(filled(n), 1 + 2 * cuts) +
           cuts * topk_->max_segment_bytes(dct_.size());
  }

  std::size_t max_segment_bytes(std::size_t n) const override {
    return padded(sizeof(Head)) + 2 * topk_->max_segment_bytes(dct_.size()) +
           topk_->max_segment_bytes(filled(n));
  }

  std::size_t encode(Source<T>& x, Cuts cuts, const RandomKey& key, Wire wire,
                     Scratch& scratch) override;
  const Decoded<T>& open(Segment segment, std::size_t n, Scratch& scratch) const override;

  Guarantee guarantee(std::size_t n) const override { return topk_->guarantee(filled(n)); }

 private:
  // What all segments' pieces are cut from, each once.
  struct Coded {
    std::span<const std::size_t> cuts;
    Wire wire;

    std::span<const std::byte> of(Range piece) const;
  };

  // Elements of whole chunks.
  std::size_t filled(std::size_t n) const {
    return (n + dct_.size() - 1) / dct_.size() * dct_.size();
  }

  std::span<const T> transform(Source<T>& x, Scratch& scratch) const;
  std::span<const std::size_t> piece_cuts(Cuts cuts, Scratch& scratch) const;
  Pieces pieces(Cuts cuts, std::size_t s) const {
    return pieces_of({cuts[s], cuts[s + 1]}, dct_.size(), cuts[s + 1] < cuts.back());
  }

  Dct<T> dct_;
  std::unique_ptr<SparseCompressor<T>> topk_;
};

template <Element T>
std::span<const T> DctTopK<T>::transform(Source<T>& x, Scratch& scratch) const {
  const auto coefficients = scratch.take<T>(filled(x.size()));
  const std::size_t window = Dct<T>::kMost / dct_.size() * dct_.size();
  in_parts(x, {0, x.size()}, parts_of(x.size()), window, [&](std::size_t, Range part) {
    for (std::size_t i = part.begin; i < part.end; i += window) {
      const auto block = x.take({i, std::min(i + window, part.end)});
      check_finite(block);
      for (std::size_t j = 0; j < block.size(); j += dct_.size()) {
        dct_.forward(block.subspan(j, std::min(dct_.size(), block.size() - j)),
                     coefficients.subspan(i + j, dct_.size()));
      }
    }
  });
  return coefficients;
}

// Every border of a segment's pieces; they meet those of other segments in order.
template <Element T>
std::span<const std::size_t> DctTopK<T>::piece_cuts(Cuts cuts, Scratch& scratch) const {
  const auto out = scratch.take<std::size_t>(2 * cuts.size());
  std::size_t count = 0;
  out[count++] = 0;
  for (std::size_t s = 0; s < segments(cuts); ++s) {
    for (const Range& piece : pieces(cuts, s)) {
      if (piece.end > out[count - 1]) out[count++] = piece.end;
    }
  }
  if (count == 1) out[count++] = 0;  // no elements are one piece, too
  return out.first(count);
}

template <Element T>
std::span<const std::byte> DctTopK<T>::Coded::of(Range piece) const {
  if (piece.size() == 0) return {};
  std::size_t begin = 0;
  std::size_t s = 0;
  for (; cuts[s] < piece.begin; ++s) begin += wire.sizes[s];
  return wire.bytes.subspan(begin, wire.sizes[s]);
}

template <Element T>
std::size_t DctTopK<T>::encode(Source<T>& x, Cuts cuts, const RandomKey& key, Wire wire,
                               Scratch& scratch) {
  const Scratch::Frame frame(scratch);
  const auto coefficients = transform(x, scratch);
  WholeSource<T> source(coefficients);
  const Entries<T> kept = topk_->select(source, scratch);
  const Cuts borders = piece_cuts(cuts, scratch);
  const std::size_t most = topk_->max_bytes_of(kept.size(), coefficients.size(), segments(borders));
  const Coded coded{borders,
                    {scratch.take<std::byte>(most), scratch.take<std::size_t>(segments(borders))}};
  const DecodedEntries<T> sent(topk_->write(kept, borders, key, coded.wire, scratch), 0);
  tell_in_parts(x, Transformed<T>(dct_, {Range{0, coefficients.size()}}, {&sent}));
  return write_segments(cuts, wire, [&](std::size_t s, ByteWriter& writer) {
    const Pieces parts = pieces(cuts, s);
    writer.put(Head{static_cast<std::uint32_t>(coded.of(parts[0]).size()),
                    static_cast<std::uint32_t>(coded.of(parts[2]).size())});
    writer.pad();
    for (const Range& piece : parts) writer.put_all(coded.of(piece));
  });
}

template <Element T>
const Decoded<T>& DctTopK<T>::open(Segment segment, std::size_t n, Scratch& scratch) const {
  ByteReader reader(segment.bytes, kName);
  Head head;
  if (n > 0) {
    head = reader.get<Head>();
    reader.skip_padding();
    check_padding(kName, segment.bytes.first(padded(sizeof(Head))), 8 * sizeof(Head));
  }
  const Pieces parts = pieces_of({segment.first, segment.first + n}, dct_.size(), head.back > 0);
  if ((head.front > 0) != (parts[0].size() > 0) || (head.back > 0) != (parts[2].size() > 0)) {
    throw WireError(std::string(kName) + ": messages of " + std::to_string(head.front) + " and " +
                    std::to_string(head.back) + " bytes for chunks that are cut, at element " +
                    std::to_string(segment.first));
  }
  const auto front = reader.take(head.front);
  const std::size_t middle = reader.left() - std::min<std::size_t>(reader.left(), head.back);
  const std::array bytes{front, reader.take(middle), reader.take(head.back)};
  typename Transformed<T>::Messages messages;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    messages[p] = &topk_->open({bytes[p], parts[p].begin}, parts[p].size(), scratch);
  }
  return scratch.make<Transformed<T>>(dct_, parts, messages);
}

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_dct_topk(const Spec& spec,
                                                    std::unique_ptr<MessageCompressor<T>> second) {
  Arguments arguments(spec);
  const std::uint64_t chunk = arguments.integer("chunk", 64, 1, Dct<T>::kMost);
  auto selector = make_largest_of_blocks<T>(spec, arguments, chunk);
  return std::make_unique<DctTopK<T>>(
      chunk, make_sparse<T>(spec, arguments, std::move(selector), std::move(second)));
}

template std::unique_ptr<MessageCompressor<float>> make_dct_topk(
    const Spec&, std::unique_ptr<MessageCompressor<float>>);
template std::unique_ptr<MessageCompressor<double>> make_dct_topk(
    const Spec&, std::unique_ptr<MessageCompressor<double>>);

}  // namespace pith
