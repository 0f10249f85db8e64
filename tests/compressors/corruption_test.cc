// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <pith/core/error.h>

#include "compressors/inputs.h"
#include "compressors/message_codec.h"

namespace pith::test {
namespace {

class MessageCorruption : public testing::TestWithParam<std::string> {};

template <Element T>
bool all_finite(const std::vector<T>& x) {
  return std::ranges::all_of(x, [](T value) { return std::isfinite(value); });
}

/// Decodes n elements from bytes that are in memory of just their size. True if they were refused,
/// and then y must be as it was.
template <Element T>
bool refused(MessageCodec<T>& codec, const Bytes& bytes, std::size_t first, std::size_t n) {
  const std::vector<T> before = gaussian<T>(n, 3);
  std::vector<T> y = before;
  try {
    codec->decode_axpy(1, {bytes, first}, y, codec.scratch());
  } catch (const WireError&) {
    EXPECT_EQ(y, before);
    return true;
  }
  EXPECT_TRUE(all_finite(y));
  return false;
}

// Overwrites one to eight bytes; half of the time with a value that differs in one bit.
Bytes corrupted(Bytes bytes, const Random& random, std::uint64_t trial) {
  const std::uint64_t changes = 1 + random.below(8, 32 * trial);
  for (std::uint64_t change = 0; change < changes; ++change) {
    const std::uint64_t i = 32 * trial + 3 * change;
    std::byte& byte = bytes[random.below(bytes.size(), i + 1)];
    const auto value = static_cast<std::byte>(random.below(256, i + 2));
    const auto bit = std::byte{1} << random.below(8, i + 2);
    byte = random.below(2, i + 3) == 0 ? value : byte ^ bit;
  }
  return bytes;
}

TEST_P(MessageCorruption, EveryTruncationIsRefused) {
  for_each_type([](auto zero) {
    MessageCodec<decltype(zero)> codec(GetParam());
    const auto message = codec.encode_cut(gaussian<decltype(zero)>(100), {0, 40, 100});
    const Bytes& whole = message.segments[1];
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_TRUE(refused(codec, part, 40, 60)) << size;
    }
    EXPECT_FALSE(refused(codec, whole, 40, 60));
  });
}

TEST_P(MessageCorruption, AddedBytesAreRefused) {
  for_each_type([](auto zero) {
    MessageCodec<decltype(zero)> codec(GetParam());
    Bytes bytes = codec.encode(gaussian<decltype(zero)>(100)).segments[0];
    for (int added = 1; added <= 32; ++added) {
      bytes.push_back(std::byte{0});
      EXPECT_TRUE(refused(codec, bytes, 0, 100)) << added;
    }
    EXPECT_TRUE(refused(codec, bytes, 0, 0));
  });
}

TEST_P(MessageCorruption, ChangedBytesAreRefusedOrDecodedToFiniteNumbers) {
  for_each_type([](auto zero) {
    const Random random({.seed = 11});
    MessageCodec<decltype(zero)> codec(GetParam());
    const auto message = codec.encode_cut(gaussian<decltype(zero)>(100), {0, 40, 100});
    for (std::uint64_t trial = 0; trial < 2000; ++trial) {
      refused(codec, corrupted(message.segments[1], random, trial), 40, 60);
    }
  });
}

TEST_P(MessageCorruption, PaddingThatIsNotZeroIsRefused) {
  for_each_type([](auto zero) {
    MessageCodec<decltype(zero)> codec(GetParam());
    // One element: padding follows whatever codes it.
    Bytes bytes = codec.encode({decltype(zero){1}}).segments[0];
    if (bytes.empty()) return;
    bytes.back() = std::byte{1};
    EXPECT_TRUE(refused(codec, bytes, 0, 1));
  });
}

INSTANTIATE_TEST_SUITE_P(All, MessageCorruption, testing::ValuesIn(message_specs()), test_name);

}  // namespace
}  // namespace pith::test
