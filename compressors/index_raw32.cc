// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <pith/compressors/index_raw32.h>
#include <pith/core/bytes.h>
#include <pith/core/error.h>

namespace pith {
namespace {

class Raw32 final : public IndexCoder {
 public:
  std::size_t cost(const Support& support) const override { return 4 * support.indices.size(); }

  std::size_t most(std::size_t count, std::size_t) const override { return 4 * count; }

  void write(const Support& support, std::span<std::byte> bytes) const override {
    ByteWriter writer(bytes);
    for (const std::size_t index : support.indices) {
      writer.put(static_cast<std::uint32_t>(index - support.first));
    }
  }

  void read(std::span<const std::byte> bytes, std::size_t n, std::span<std::uint32_t> indices,
            const char* codec) const override {
    check_index_bytes(codec, bytes.size(), 4 * indices.size());
    std::uint64_t least = 0;
    for (std::size_t i = 0; i < indices.size(); ++i) {
      indices[i] = load<std::uint32_t>(bytes, i);
      if (indices[i] < least || indices[i] >= n) {
        throw WireError(std::string(codec) + ": index " + std::to_string(indices[i]) +
                        " at position " + std::to_string(i) + ", expected at least " +
                        std::to_string(least) + " and below " + std::to_string(n));
      }
      least = std::uint64_t{indices[i]} + 1;
    }
  }
};

}  // namespace

const IndexCoder& raw32_indices() {
  static const Raw32 coder;
  return coder;
}

}  // namespace pith
