// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include <pith/compressors/fedzip.h>
#include <pith/compressors/labels.h>
#include <pith/compressors/segments.h>
#include <pith/compressors/topk.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

constexpr const char* kName = "fedzip";
constexpr double kDensity = 0.2;

// A segment, or all of the tensor, whose first element is number `first`.
template <Element T>
class Clustered final : public Decoded<T> {
 public:
  Clustered(std::span<const T> centroids, const Labels& labels, std::size_t first)
      : centroids_(centroids), labels_(labels), first_(first) {}

  void axpy(T a, std::size_t first, std::span<T> y) const override {
    std::array<T, kMostClusters> terms{};
    std::ranges::transform(centroids_, terms.begin(), [a](T c) { return a * c; });
    std::array<std::uint8_t, kWindow> window;
    for (std::size_t i = 0; i < y.size(); i += kWindow) {
      const auto labels = std::span(window).first(std::min(kWindow, y.size() - i));
      labels_.get(first - first_ + i, labels);
      for (std::size_t j = 0; j < labels.size(); ++j) y[i + j] += terms[labels[j]];
    }
  }

 private:
  static constexpr std::size_t kWindow = 4096;

  std::span<const T> centroids_;
  Labels labels_;
  std::size_t first_;
};

template <Element T>
class FedZip final : public MessageCompressor<T> {
 public:
  FedZip(std::unique_ptr<SparseCompressor<T>> topk, std::size_t clusters, LabelCoding coding)
      : topk_(std::move(topk)), clusters_(clusters), coding_(coding) {}

  std::size_t max_wire_bytes(std::size_t n, std::size_t segments) const override {
    return segmented_bound(head_bytes() + most_label_bytes(coding_, clusters_, n),
                           head_bytes() + label_bytes_per_cut(clusters_), segments);
  }

  std::size_t encode(Source<T>& x, Cuts cuts, const RandomKey&, Wire wire,
                     Scratch& scratch) override {
    const Scratch::Frame frame(scratch);
    const Entries<T> kept = topk_->select(x, scratch);
    const KMeans<T> means(kept.values, x.size() - kept.size(), clusters_, scratch);
    const auto labels = label_all(means, kept, x.size(), scratch);
    x.sent({0, x.size()},
           Clustered<T>(means.centroids(), {.all = labels, .common = 0, .positions = {}}, 0));
    return write_segments(cuts, wire, [&](std::size_t s, ByteWriter& writer) {
      const auto own = labels.subspan(cuts[s], cuts[s + 1] - cuts[s]);
      const auto counts = count(own);
      const LabelCounts members = std::span(counts).first(clusters_);
      writer.put_all(means.centroids());
      writer.put_all(members);
      write_labels(coding_, members, own, writer, scratch);
    });
  }

  const Decoded<T>& open(Segment segment, std::size_t n, Scratch& scratch) const override {
    if (n == 0) {
      check_padding(kName, segment.bytes, 0);
      return scratch.make<Clustered<T>>(std::span<const T>(), Labels(), segment.first);
    }
    ByteReader reader(segment.bytes, kName);
    const auto centroids = read_centroids(reader, scratch);
    const auto members = read_members(reader, n, scratch);
    const auto [labels, bits] = read_labels(coding_, members, reader, scratch, kName);
    check_padding(kName, segment.bytes, 8 * head_bytes() + bits);
    return scratch.make<Clustered<T>>(centroids, labels, segment.first);
  }

  Guarantee guarantee(std::size_t n) const override {
    if (topk_->guarantee(n).contraction != 1.0) return {};
    return {.contraction = (1 - 0x1p-20) / static_cast<double>(std::max<std::size_t>(n, 1))};
  }

 private:
  using Counts = std::array<std::uint32_t, kMostClusters>;

  std::size_t head_bytes() const { return clusters_ * (sizeof(T) + sizeof(std::uint32_t)); }

  static std::span<const std::uint8_t> label_all(const KMeans<T>& means, const Entries<T>& kept,
                                                 std::size_t n, Scratch& scratch) {
    const auto labels = scratch.take<std::uint8_t>(n);
    if (kept.size() < n) std::ranges::fill(labels, means.label(T{0}));
    for (std::size_t i = 0; i < kept.size(); ++i) {
      labels[kept.indices[i]] = means.label(kept.values[i]);
    }
    return labels;
  }

  static Counts count(std::span<const std::uint8_t> labels) {
    Counts counts{};
    for (const std::uint8_t label : labels) ++counts[label];
    return counts;
  }

  std::span<const T> read_centroids(ByteReader& reader, Scratch& scratch) const {
    const auto centroids = scratch.take<T>(clusters_);
    for (T& centroid : centroids) centroid = reader.get<T>();
    const bool finite =
        std::ranges::all_of(centroids, [](T centroid) { return std::isfinite(centroid); });
    if (!finite || !std::ranges::is_sorted(centroids)) {
      throw WireError(std::string(kName) + ": centroids are not finite or not in order");
    }
    return centroids;
  }

  LabelCounts read_members(ByteReader& reader, std::size_t n, Scratch& scratch) const {
    const auto members = scratch.take<std::uint32_t>(clusters_);
    for (std::uint32_t& count : members) count = reader.get<std::uint32_t>();
    const std::size_t all = std::accumulate(members.begin(), members.end(), std::size_t{0});
    if (all == n) return members;
    throw WireError(std::string(kName) + ": clusters of " + std::to_string(all) +
                    " elements, expected " + std::to_string(n));
  }

  std::unique_ptr<SparseCompressor<T>> topk_;
  std::size_t clusters_;
  LabelCoding coding_;
};

}  // namespace

template <Element T>
std::unique_ptr<MessageCompressor<T>> make_fedzip(const Spec& spec) {
  Arguments arguments(spec);
  arguments.number("density", kDensity, 0, 1);  // checked here, so that errors quote this spec
  const Spec density = arguments.spec("density", std::to_string(kDensity));
  const std::uint64_t clusters = arguments.integer("clusters", 3, 3, kMostClusters);
  const std::string encoding =
      arguments.word("encoding", "huffman", {"huffman", "table", "differences"});
  arguments.finish();
  return std::make_unique<FedZip<T>>(make_topk<T>({"topk", {{"density", density}}}, nullptr),
                                     clusters, label_coding(encoding));
}

template std::unique_ptr<MessageCompressor<float>> make_fedzip(const Spec&);
template std::unique_ptr<MessageCompressor<double>> make_fedzip(const Spec&);

}  // namespace pith
