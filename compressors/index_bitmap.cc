// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/bits.h>
#include <pith/compressors/index_bitmap.h>
#include <pith/compressors/set_bits.h>

namespace pith {
namespace {

class Bitmap final : public IndexCoder {
 public:
  std::size_t cost(const Support& support) const override { return bytes_of(support.n); }

  std::size_t most(std::size_t, std::size_t n) const override { return bytes_of(n); }

  void write(const Support& support, std::span<std::byte> bytes) const override {
    SetBitWriter bits(bytes);
    for (const std::size_t index : support.indices) bits.put(index - support.first);
    bits.finish();
  }

  void read(std::span<const std::byte> bytes, std::size_t n, std::span<std::uint32_t> indices,
            const char* codec) const override {
    check_index_bytes(codec, bytes.size(), bytes_of(n));
    SetBitReader bits(bytes, codec);
    for (std::uint32_t& index : indices) index = static_cast<std::uint32_t>(bits.next());
    bits.finish();
    if (!indices.empty()) check_index(codec, indices.back(), n);
  }
};

}  // namespace

const IndexCoder& bitmap_indices() {
  static const Bitmap coder;
  return coder;
}

}  // namespace pith
