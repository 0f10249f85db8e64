// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <numeric>
#include <string>

#include <pith/compressors/bits.h>
#include <pith/compressors/huffman.h>
#include <pith/compressors/index_coding.h>
#include <pith/compressors/labels.h>
#include <pith/compressors/packed.h>
#include <pith/core/error.h>

namespace pith {
namespace {

using Positions = std::span<const std::uint32_t>;

constexpr IndexCoding kGapCoding = IndexCoding::rice;

std::size_t elements(LabelCounts counts) {
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

std::size_t common_of(LabelCounts counts) {
  return static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin());
}

// Of a position among n.
unsigned width_of(std::size_t n) {
  return n < 2 ? 0 : static_cast<unsigned>(std::bit_width(n - 1));
}

// The positions of all clusters but the common one, cluster by cluster.
Positions rare_positions(LabelCounts counts, std::span<const std::uint8_t> labels,
                         Scratch& scratch) {
  const std::size_t common = common_of(counts);
  std::array<std::size_t, kMostClusters> next{};
  std::size_t rare = 0;
  for (std::size_t j = 0; j < counts.size(); ++j) {
    next[j] = rare;
    if (j != common) rare += counts[j];
  }
  const auto positions = scratch.take<std::uint32_t>(rare);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != common) positions[next[labels[i]]++] = static_cast<std::uint32_t>(i);
  }
  return positions;
}

// Calls body(j, positions of cluster j) for all clusters but the common one.
template <class Body>
void for_each_rare(LabelCounts counts, Positions positions, Body body) {
  const std::size_t common = common_of(counts);
  for (std::size_t j = 0; j < counts.size(); ++j) {
    if (j == common) continue;
    body(j, positions.first(counts[j]));
    positions = positions.subspan(counts[j]);
  }
}

bool overlap(Positions a, Positions b) {
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() && right != b.end() && *left != *right) {
    ++(*left < *right ? left : right);
  }
  return left != a.end() && right != b.end();
}

void check_disjoint(const Labels& labels, const char* codec) {
  for (std::size_t j = 0; j < kMostClusters; ++j) {
    for (std::size_t k = 0; k < j; ++k) {
      if (overlap(labels.positions[j], labels.positions[k])) {
        throw WireError(std::string(codec) + ": a position is in clusters " + std::to_string(k) +
                        " and " + std::to_string(j));
      }
    }
  }
}

void check_table(Positions positions, std::size_t n, const char* codec) {
  const bool ascend =
      std::ranges::adjacent_find(positions, std::greater_equal<>()) == positions.end();
  if (!ascend || (!positions.empty() && positions.back() >= n)) {
    throw WireError(std::string(codec) + ": positions do not ascend, or are not below " +
                    std::to_string(n));
  }
}

ReadLabels read_huffman(LabelCounts counts, ByteReader& reader, Scratch& scratch,
                        const char* codec) {
  const Huffman code(counts);
  const auto bytes = reader.take(bytes_of(code.bits()));
  const auto labels = scratch.take<std::uint8_t>(elements(counts));
  code.read(bytes, labels, codec);
  return {.labels = {.all = labels, .common = 0, .positions = {}}, .bits = code.bits()};
}

ReadLabels read_table(LabelCounts counts, ByteReader& reader, Scratch& scratch, const char* codec) {
  const std::size_t n = elements(counts);
  const std::size_t rare = n - counts[common_of(counts)];
  const unsigned width = width_of(n);
  const auto bytes = reader.take(bytes_of(rare * width));
  const auto positions = scratch.take<std::uint32_t>(rare);
  unpack(bytes, width, positions);
  ReadLabels read{.labels = {}, .bits = rare * width};
  for_each_rare(counts, positions, [&](std::size_t j, Positions own) {
    check_table(own, n, codec);
    read.labels.positions[j] = own;
  });
  return read;
}

ReadLabels read_differences(LabelCounts counts, ByteReader& reader, Scratch& scratch,
                            const char* codec) {
  const std::size_t n = elements(counts);
  const std::size_t common = common_of(counts);
  const std::size_t before = reader.left();
  ReadLabels read;
  for (std::size_t j = 0; j < counts.size(); ++j) {
    if (j == common) continue;
    read.labels.positions[j] = read_indices(kGapCoding, reader, counts[j], n, scratch, codec);
  }
  read.bits = 8 * (before - reader.left());
  return read;
}

}  // namespace

LabelCoding label_coding(std::string_view name) {
  if (name == "table") return LabelCoding::table;
  return name == "differences" ? LabelCoding::differences : LabelCoding::huffman;
}

void Labels::get(std::size_t first, std::span<std::uint8_t> out) const {
  if (!all.empty()) {
    std::ranges::copy(all.subspan(first, out.size()), out.begin());
    return;
  }
  std::ranges::fill(out, common);
  for (std::size_t j = 0; j < positions.size(); ++j) {
    auto next = std::ranges::lower_bound(positions[j], first);
    for (; next != positions[j].end() && *next - first < out.size(); ++next) {
      out[*next - first] = static_cast<std::uint8_t>(j);
    }
  }
}

std::size_t most_label_bytes(LabelCoding coding, std::size_t clusters, std::size_t n) {
  if (coding == LabelCoding::huffman) return bytes_of(n * width_of(clusters));
  // The common cluster is not smaller than any other, nor than their mean.
  if (coding == LabelCoding::table) return bytes_of(n * (clusters - 1) / clusters * width_of(n));
  return (clusters - 1) * most_index_bytes(kGapCoding, n / 2, n);
}

std::size_t label_bytes_per_cut(std::size_t clusters) {
  return (clusters - 1) * index_bytes_per_cut();
}

void write_labels(LabelCoding coding, LabelCounts counts, std::span<const std::uint8_t> labels,
                  ByteWriter& writer, Scratch& scratch) {
  if (coding == LabelCoding::huffman) {
    const Huffman code(counts);
    return code.write(labels, writer.reserve(bytes_of(code.bits())));
  }
  const Scratch::Frame frame(scratch);
  const Positions positions = rare_positions(counts, labels, scratch);
  if (coding == LabelCoding::table) {
    const unsigned width = width_of(labels.size());
    return pack(positions, width, writer.reserve(bytes_of(positions.size() * width)));
  }
  for_each_rare(counts, positions, [&](std::size_t, Positions own) {
    write_indices(kGapCoding, {own, 0, labels.size()}, writer);
  });
}

ReadLabels read_labels(LabelCoding coding, LabelCounts counts, ByteReader& reader, Scratch& scratch,
                       const char* codec) {
  if (coding == LabelCoding::huffman) return read_huffman(counts, reader, scratch, codec);
  ReadLabels read = coding == LabelCoding::table ? read_table(counts, reader, scratch, codec)
                                                 : read_differences(counts, reader, scratch, codec);
  read.labels.common = static_cast<std::uint8_t>(common_of(counts));
  check_disjoint(read.labels, codec);
  return read;
}

}  // namespace pith
