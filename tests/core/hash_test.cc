// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include <pith/core/hash.h>

namespace pith::test {
namespace {

std::vector<std::byte> counting(std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i);
  return bytes;
}

// From another build of xxHash; the first one is published.
TEST(Hash, IsXxh3) {
  EXPECT_EQ(hash(""), 0x2d06800538d394c2u);
  EXPECT_EQ(hash("pith"), 0xdaef0cee61c002ceu);
  EXPECT_EQ(hash("pith", 1), 0x0e85e5a36800d8a3u);
  EXPECT_EQ(hash(counting(1280)), 0x4844b009e164352eu);
}

TEST(Hash, OfTextIsThatOfItsBytes) {
  const std::string_view text = "weight";
  EXPECT_EQ(hash(text), hash(std::as_bytes(std::span(text))));
  EXPECT_EQ(hash(text, 5), hash(std::as_bytes(std::span(text)), 5));
}

TEST(Hash, OfPartsIsThatOfTheWhole) {
  const auto bytes = counting(1280);
  const std::span<const std::byte> whole(bytes);
  for (const std::size_t cut : {0u, 1u, 64u, 255u, 1279u, 1280u}) {
    RunningHash parts;
    parts.add(whole.first(cut));
    parts.add(whole.subspan(cut));
    EXPECT_EQ(parts.value(), hash(whole)) << cut;
  }
  EXPECT_EQ(RunningHash().value(), hash(""));
}

TEST(Hash, FindsEverySingleFlippedBit) {
  auto bytes = counting(100);
  std::set<std::uint64_t> seen{hash(bytes)};
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = static_cast<std::byte>(1 << (bit % 8));
    bytes[bit / 8] ^= mask;
    EXPECT_TRUE(seen.insert(hash(bytes)).second) << bit;
    bytes[bit / 8] ^= mask;
  }
}

}  // namespace
}  // namespace pith::test
