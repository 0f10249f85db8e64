// SPDX-License-Identifier: Apache-2.0
#include <pith/compressors/gaps.h>
#include <pith/compressors/index_runs16.h>
#include <pith/core/bytes.h>

namespace pith {
namespace {

class Runs16 final : public IndexCoder {
 public:
  std::size_t cost(const Support& support) const override {
    std::size_t numbers = support.indices.size();
    for_each_gap_block(support, [&](std::span<const std::uint32_t> gaps) {
      for (const std::uint32_t gap : gaps) numbers += gap / kRunEscape;
    });
    return 2 * numbers;
  }

  std::size_t most(std::size_t count, std::size_t n) const override {
    return 2 * (count + (count > 0 ? n / kRunEscape : 0));
  }

  void write(const Support& support, std::span<std::byte> bytes) const override {
    ByteWriter writer(bytes);
    for_each_gap_block(support, [&](std::span<const std::uint32_t> gaps) {
      for (std::uint32_t gap : gaps) {
        for (; gap >= kRunEscape; gap -= kRunEscape) writer.put(kRunEscape);
        writer.put(static_cast<std::uint16_t>(gap));
      }
    });
  }

  void read(std::span<const std::byte> bytes, std::size_t n, std::span<std::uint32_t> indices,
            const char* codec) const override {
    ByteReader reader(bytes, codec);
    std::uint64_t index = 0;
    for (std::uint32_t& out : indices) {
      std::uint16_t run = reader.get<std::uint16_t>();
      for (; run == kRunEscape; run = reader.get<std::uint16_t>()) index += kRunEscape;
      index += run;
      if (index >= n) check_index(codec, index, n);
      out = static_cast<std::uint32_t>(index++);
    }
    check_index_bytes(codec, bytes.size(), bytes.size() - reader.left());
  }
};

}  // namespace

const IndexCoder& runs16_indices() {
  static const Runs16 coder;
  return coder;
}

}  // namespace pith
