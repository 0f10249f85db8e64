// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <string>

#include <pith/compressors/bits.h>
#include <pith/compressors/elias_fano_layout.h>
#include <pith/compressors/gaps.h>
#include <pith/compressors/index_elias_fano.h>
#include <pith/compressors/packed.h>
#include <pith/compressors/set_bits.h>

namespace pith {
namespace {

class EliasFano final : public IndexCoder {
 public:
  std::size_t cost(const Support& support) const override {
    return elias_fano_layout(support.indices.size(), support.n).bytes;
  }

  // The bits grow with the count, so only what fills the bytes can be more for a smaller one.
  std::size_t most(std::size_t count, std::size_t n) const override {
    return count == 0 ? 0 : elias_fano_layout(count, n).bytes + 1;
  }

  void write(const Support& support, std::span<std::byte> bytes) const override {
    const EliasFanoLayout parts = elias_fano_layout(support.indices.size(), support.n);
    SetBitWriter high(bytes.subspan(parts.low_bytes));
    std::array<std::uint32_t, kGapBlock> block;
    for (std::size_t i = 0; i < support.indices.size(); i += kGapBlock) {
      const std::size_t count = std::min(kGapBlock, support.indices.size() - i);
      for (std::size_t j = 0; j < count; ++j) {
        block[j] = static_cast<std::uint32_t>(support.indices[i + j] - support.first);
      }
      pack(std::span(block).first(count), parts.low,
           bytes.subspan(i / 8 * parts.low, bytes_of(count * parts.low)));
      for (std::size_t j = 0; j < count; ++j) high.put((block[j] >> parts.low) + i + j);
    }
    high.finish();
  }

  void read(std::span<const std::byte> bytes, std::size_t n, std::span<std::uint32_t> indices,
            const char* codec) const override {
    const EliasFanoLayout parts = elias_fano_layout(indices.size(), n);
    check_index_bytes(codec, bytes.size(), parts.bytes);
    check_index_padding(codec, bytes.first(parts.low_bytes), indices.size() * parts.low);
    SetBitReader high(bytes.subspan(parts.low_bytes), codec);
    unpack(bytes, parts.low, indices);
    std::uint64_t least = 0;
    bool ascends = true;
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const std::uint64_t index = std::uint64_t{high.next() - i} << parts.low | indices[i];
      ascends &= index >= least;
      least = index + 1;
      indices[i] = static_cast<std::uint32_t>(index);
    }
    high.finish();
    if (!ascends) throw WireError(std::string(codec) + ": indices do not ascend");
    if (least > 0) check_index(codec, least - 1, n);
  }
};

}  // namespace

const IndexCoder& elias_fano_indices() {
  static const EliasFano coder;
  return coder;
}

}  // namespace pith
