// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <string>

#include <pith/compressors/cast.h>
#include <pith/compressors/finite.h>
#include <pith/compressors/identity.h>
#include <pith/compressors/index_coding.h>
#include <pith/compressors/levels.h>
#include <pith/compressors/segments.h>
#include <pith/compressors/sparse_message.h>
#include <pith/core/bytes.h>
#include <pith/core/error.h>

namespace pith {
namespace {

// The front of every segment.
struct Head {
  std::uint32_t count;
  std::uint32_t first;
};

template <Element T>
class SparseMessage final : public SparseCompressor<T> {
 public:
  SparseMessage(std::string name, IndexCoding coding, std::shared_ptr<const Selector<T>> selector,
                std::unique_ptr<MessageCompressor<T>> values)
      : name_(std::move(name)),
        coding_(coding),
        selector_(std::move(selector)),
        values_(std::move(values)) {}

  std::size_t max_wire_bytes(std::size_t n, std::size_t segments) const override;
  std::size_t max_segment_bytes(std::size_t n) const override;
  std::size_t encode(Source<T>& x, Cuts cuts, const RandomKey& key, Wire wire,
                     Scratch& scratch) override;
  std::size_t most_kept(std::size_t n) const override { return selector_->most(n); }
  Entries<T> select(Source<T>& x, Scratch& scratch) const override;
  std::size_t max_bytes_of(std::size_t entries, std::size_t n, std::size_t segments) const override;
  Entries<T> write(const Entries<T>& entries, Cuts cuts, const RandomKey& key, Wire wire,
                   Scratch& scratch) const override;
  std::unique_ptr<SparseCompressor<T>> with_exact_values() const override;
  const Decoded<T>& open(Segment segment, std::size_t n, Scratch& scratch) const override;
  void visit(Segment segment, std::size_t n, Scratch& scratch,
             const typename SparseCompressor<T>::Visitor& visit) const override;
  Guarantee guarantee(std::size_t n) const override;

 private:
  std::span<const T> decode_values(const Wire& coded, Cuts cuts, Scratch& scratch) const;
  Wire encode_values(std::span<const T> values, Cuts cuts, const RandomKey& key,
                     Scratch& scratch) const;
  Head read_head(ByteReader& reader, std::size_t first, std::size_t n) const;
  Entries<T> read(Segment segment, std::size_t n, Scratch& scratch) const;

  std::string name_;
  IndexCoding coding_;
  std::shared_ptr<const Selector<T>> selector_;
  std::unique_ptr<MessageCompressor<T>> values_;
};

template <Element T>
std::size_t SparseMessage<T>::max_wire_bytes(std::size_t n, std::size_t segments) const {
  return max_bytes_of(most_kept(n), n, segments);
}

template <Element T>
std::size_t SparseMessage<T>::max_bytes_of(std::size_t entries, std::size_t n,
                                           std::size_t segments) const {
  const std::size_t head = sizeof(Head) + most_index_bytes(coding_, entries, n);
  return segmented_bound(head, sizeof(Head) + index_bytes_per_cut(), segments) +
         values_->max_wire_bytes(entries, segments);
}

template <Element T>
std::size_t SparseMessage<T>::max_segment_bytes(std::size_t n) const {
  const std::size_t head = sizeof(Head) + most_index_bytes(coding_, n, n);
  return padded(head) + values_->max_segment_bytes(n);
}

// Where the array of kept values is cut.
std::span<const std::size_t> value_cuts(std::span<const std::uint32_t> indices, Cuts cuts,
                                        Scratch& scratch) {
  const auto out = scratch.take<std::size_t>(cuts.size());
  std::ranges::transform(cuts, out.begin(), [&](std::size_t cut) {
    return static_cast<std::size_t>(std::ranges::lower_bound(indices, cut) - indices.begin());
  });
  return out;
}

template <Element T>
Wire SparseMessage<T>::encode_values(std::span<const T> values, Cuts cuts, const RandomKey& key,
                                     Scratch& scratch) const {
  const std::size_t most = values_->max_wire_bytes(values.size(), segments(cuts));
  const Wire wire{scratch.take<std::byte>(most), scratch.take<std::size_t>(segments(cuts))};
  values_->encode(values, cuts, key, wire, scratch);
  return wire;
}

// What encode_values() wrote, as the other ranks will read it.
template <Element T>
std::span<const T> SparseMessage<T>::decode_values(const Wire& coded, Cuts cuts,
                                                   Scratch& scratch) const {
  const auto values = scratch.take<T>(cuts.back());
  std::ranges::fill(values, T{0});
  std::size_t done = 0;
  for (std::size_t s = 0; s < segments(cuts); ++s) {
    const Segment segment{coded.bytes.subspan(done, coded.sizes[s]), cuts[s]};
    const auto part = values.subspan(cuts[s], cuts[s + 1] - cuts[s]);
    if (!part.empty()) values_->decode_axpy(1, segment, part, scratch);
    done += coded.sizes[s];
  }
  return values;
}

template <Element T>
std::size_t SparseMessage<T>::encode(Source<T>& x, Cuts cuts, const RandomKey& key, Wire wire,
                                     Scratch& scratch) {
  const Scratch::Frame frame(scratch);
  const Entries<T> sent = write(select(x, scratch), cuts, key, wire, scratch);
  x.sent({0, x.size()}, DecodedEntries<T>(sent, 0));
  return std::accumulate(wire.sizes.begin(), wire.sizes.end(), std::size_t{0});
}

template <Element T>
Entries<T> SparseMessage<T>::select(Source<T>& x, Scratch& scratch) const {
  const Entries<T> entries = selector_->select(x, scratch);
  check_finite(entries.values);
  return entries;
}

template <Element T>
Entries<T> SparseMessage<T>::write(const Entries<T>& entries, Cuts cuts, const RandomKey& key,
                                   Wire wire, Scratch& scratch) const {
  const Cuts kept = value_cuts(entries.indices, cuts, scratch);
  const Wire coded = encode_values(entries.values, kept, key, scratch);
  std::size_t done = 0;
  write_segments(cuts, wire, [&](std::size_t s, ByteWriter& writer) {
    const std::size_t count = kept[s + 1] - kept[s];
    writer.put(Head{static_cast<std::uint32_t>(count), static_cast<std::uint32_t>(kept[s])});
    write_indices(
        coding_, {entries.indices.subspan(kept[s], count), cuts[s], cuts[s + 1] - cuts[s]}, writer);
    writer.pad();
    writer.put_all(std::span<const std::byte>(coded.bytes.subspan(done, coded.sizes[s])));
    done += coded.sizes[s];
  });
  return {entries.indices, decode_values(coded, kept, scratch)};
}

template <Element T>
std::unique_ptr<SparseCompressor<T>> SparseMessage<T>::with_exact_values() const {
  return std::make_unique<SparseMessage>(name_, coding_, selector_,
                                         make_identity<T>(Spec{"identity", {}}));
}

template <Element T>
Head SparseMessage<T>::read_head(ByteReader& reader, std::size_t first, std::size_t n) const {
  const Head head = reader.get<Head>();
  if (head.count > n || head.first > first) {
    throw WireError(name_ + ": " + std::to_string(head.count) + " entries after " +
                    std::to_string(head.first) + ", but there are " + std::to_string(n) +
                    " elements after " + std::to_string(first));
  }
  return head;
}

template <Element T>
Entries<T> SparseMessage<T>::read(Segment segment, std::size_t n, Scratch& scratch) const {
  if (n == 0) {
    check_padding(name_.c_str(), segment.bytes, 0);
    return {};
  }
  const char* name = name_.c_str();
  ByteReader reader(segment.bytes, name);
  const Head head = read_head(reader, segment.first, n);
  const auto indices = read_indices(coding_, reader, head.count, n, scratch, name);
  const std::size_t used = segment.bytes.size() - reader.left();
  reader.skip_padding();
  check_padding(name, segment.bytes.first(padded(used)), 8 * used);
  const auto values = scratch.take<T>(head.count);
  std::ranges::fill(values, T{0});
  values_->decode_axpy(1, {reader.take(reader.left()), head.first}, values, scratch);
  return {indices, values};
}

template <Element T>
const Decoded<T>& SparseMessage<T>::open(Segment segment, std::size_t n, Scratch& scratch) const {
  return scratch.make<DecodedEntries<T>>(read(segment, n, scratch), segment.first);
}

template <Element T>
void SparseMessage<T>::visit(Segment segment, std::size_t n, Scratch& scratch,
                             const typename SparseCompressor<T>::Visitor& visit) const {
  const Scratch::Frame frame(scratch);
  const Entries<T> entries = read(segment, n, scratch);
  for (std::size_t i = 0; i < entries.indices.size(); ++i) {
    visit(entries.indices[i], entries.values[i]);
  }
}

template <Element T>
Guarantee SparseMessage<T>::guarantee(std::size_t n) const {
  return composed(selector_->guarantee(n), values_->guarantee(most_kept(n)));
}

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_values(const Spec& stage) {
  if (stage.name == "identity") return make_identity<T>(stage);
  return stage.name == "levels" ? make_levels<T>(stage) : make_cast<T>(stage);
}

}  // namespace

SparseArguments sparse_arguments(Arguments& arguments) {
  const std::string index = arguments.word(
      "index", "auto", {"auto", "raw32", "bitmap", "delta", "rice", "elias_fano", "runs16"});
  return {index_coding(index),
          arguments.word("values", "raw", {"raw", "fp32", "fp16", "bf16", "8bit", "4bit", "2bit"})};
}

Spec values_stage(const std::string& values) {
  if (values == "raw") return {"identity", {}};
  if (values.ends_with("bit")) return {"levels", {{"bits", {values.substr(0, 1), {}}}}};
  return {"cast", {{"type", {values, {}}}}};
}

template <Element T>
std::unique_ptr<SparseCompressor<T>> make_sparse(const Spec& spec, Arguments& arguments,
                                                 std::unique_ptr<Selector<T>> selector,
                                                 std::unique_ptr<MessageCompressor<T>> second) {
  const auto [index, values] = sparse_arguments(arguments);
  arguments.finish();
  if (values != "raw" && second) {
    throw UsageError(spec.text() + ": values=" + values + " is a second stage already");
  }
  if (!second) second = make_values<T>(values_stage(values));
  return std::make_unique<SparseMessage<T>>(spec.name, index, std::move(selector),
                                            std::move(second));
}

template std::unique_ptr<SparseCompressor<float>> make_sparse(
    const Spec&, Arguments&, std::unique_ptr<Selector<float>>,
    std::unique_ptr<MessageCompressor<float>>);
template std::unique_ptr<SparseCompressor<double>> make_sparse(
    const Spec&, Arguments&, std::unique_ptr<Selector<double>>,
    std::unique_ptr<MessageCompressor<double>>);

}  // namespace pith
