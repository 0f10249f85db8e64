// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include <gmock/gmock.h>

#include <pith/compressors/device_index_coding.h>
#include <pith/compressors/segments.h>
#include <pith/core/error.h>
#include <pith/cuda/stream.h>

#include "compressors/index_supports.h"
#include "support/device.h"

// Index coding on a device does what it does on the host: to the byte, and to the verdict.
namespace pith::test {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t kHead = 8;  // of a sparse message, before its indices
constexpr std::byte kUntouched{0xa5};

/// What the host writes behind the head, and the padding.
Bytes host_bytes(IndexCoding coding, const Support& support) {
  Bytes all(padded(kHead + most_index_bytes(coding, support.indices.size(), support.n)));
  ByteWriter writer(all);
  writer.put(std::uint64_t{0});
  write_indices(coding, support, writer);
  writer.pad();
  return {all.begin() + kHead, all.begin() + std::ptrdiff_t(writer.used())};
}

struct ReadBack {
  Indices indices;
  std::size_t used;

  bool operator==(const ReadBack&) const = default;
};

/// As a sparse message reads what is behind its head; nothing if that is refused.
std::optional<ReadBack> host_reads(IndexCoding coding, const Bytes& bytes, std::size_t count,
                                   std::size_t n) {
  Bytes all(kHead);
  all.insert(all.end(), bytes.begin(), bytes.end());
  try {
    Scratch scratch;
    ByteReader reader(all, "test");
    reader.get<std::uint64_t>();
    const auto indices = read_indices(coding, reader, count, n, scratch, "test");
    const std::size_t used = all.size() - reader.left();
    reader.skip_padding();
    check_padding("test", std::span<const std::byte>(all).first(padded(used)), 8 * used);
    return ReadBack{{indices.begin(), indices.end()}, padded(used) - kHead};
  } catch (const WireError&) {
    return {};
  }
}

/// What the device makes of the same.
class Device {
 public:
  explicit Device(IndexCoding coding) : coding_(coding) {}

  /// What it writes of the entries in [begin, end), where there might be `spare` more.
  Bytes bytes(const Indices& indices, std::uint32_t begin, std::uint32_t end, std::size_t first,
              std::size_t n, std::size_t spare = 0) {
    const auto entries = to_device(indices, stream_);
    const auto range = to_device(std::vector{begin, end}, stream_);
    const std::size_t most = end - begin + spare;
    const std::size_t room = padded(kHead + most_index_bytes(coding_, most, n)) - kHead;
    const auto out = to_device(Bytes(room + 16, kUntouched), stream_);
    const auto used = to_device(std::vector<std::uint64_t>{0}, stream_);
    write_indices(coding_, {entries.span().data(), range.span().data(), first, n, most},
                  out.span().first(room), used.span().data(), scratch_, stream_);
    Bytes bytes = to_host(out.span(), stream_);
    EXPECT_EQ(Bytes(bytes.end() - 16, bytes.end()), Bytes(16, kUntouched));
    bytes.resize(to_host(used.span(), stream_)[0]);
    return bytes;
  }

  Bytes bytes(const IndexSet& set) {
    return bytes(set.indices, 0, static_cast<std::uint32_t>(set.indices.size()), 0, set.n);
  }

  /// From memory of just the right size, to memory for `most` indices; nothing if that is refused.
  std::optional<ReadBack> reads(const Bytes& bytes, std::size_t count, std::size_t n,
                                std::size_t most) {
    const auto in = to_device(bytes, stream_);
    const auto indices = to_device(Indices(most + 1, kUntouchedIndex), stream_);
    const auto counted = to_device(Indices{static_cast<std::uint32_t>(count)}, stream_);
    const auto used = to_device(std::vector<std::uint64_t>{0}, stream_);
    const auto fault = to_device(std::vector<DeviceFault>(1), stream_);
    const DeviceIndices out{indices.span().first(most), counted.span().data(), used.span().data(),
                            fault.span().data()};
    read_indices(coding_, in, n, out, scratch_, stream_);
    Indices read = to_host(indices.span(), stream_);
    EXPECT_EQ(read.back(), kUntouchedIndex);
    read.resize(to_host(counted.span(), stream_)[0]);
    const std::size_t taken = to_host(used.span(), stream_)[0];
    if (to_host(fault.span(), stream_)[0].invalid == 0) return ReadBack{std::move(read), taken};
    EXPECT_EQ(read.size() + taken, 0u);
    return {};
  }

 private:
  static constexpr std::uint32_t kUntouchedIndex = 0xa5a5a5a5;

  IndexCoding coding_;
  cuda::Stream stream_;
  cuda::DeviceScratch scratch_;
};

class DeviceIndexCoding : public testing::TestWithParam<const char*> {
 protected:
  void expect_same_verdict(const Bytes& bytes, const IndexSet& set) {
    const std::size_t count = set.indices.size();
    ASSERT_EQ(device.reads(bytes, count, set.n, count), host_reads(coding, bytes, count, set.n))
        << set;
  }

  const IndexCoding coding = index_coding(GetParam());
  Device device{coding};
};

TEST_P(DeviceIndexCoding, WritesTheHostsBytesAndReadsThem) {
  for (const auto& sets : {edge_sets(), random_sets()}) {
    for (const IndexSet& set : sets) {
      if (set.indices.size() > PITH_MANY_ELEMENTS / 2) continue;
      const Bytes bytes = device.bytes(set);
      ASSERT_EQ(bytes, host_bytes(coding, support_of(set))) << set;
      const std::size_t count = set.indices.size();
      ASSERT_EQ(device.reads(bytes, count, set.n, count), (ReadBack{set.indices, bytes.size()}))
          << set;
    }
  }
}

// What is added up has more parts than a block has threads.
TEST(DeviceIndexCodingOfMany, WritesTheHostsBytesAndReadsThem) {
  const IndexSet indices = bernoulli(8 * PITH_MANY_ELEMENTS, 0.01);
  IndexSet elements = bernoulli(100, 0.00001);
  elements.n = 17000000;
  for (const auto& [coding, set] :
       {std::pair{IndexCoding::automatic, indices}, std::pair{IndexCoding::bitmap, elements}}) {
    const std::size_t count = set.indices.size();
    Device device(coding);
    const Bytes bytes = device.bytes(set);
    ASSERT_EQ(bytes, host_bytes(coding, support_of(set)));
    ASSERT_EQ(device.reads(bytes, count, set.n, count), (ReadBack{set.indices, bytes.size()}));
  }
}

TEST_P(DeviceIndexCoding, WritesTheSegmentsOfATensor) {
  const IndexSet set = bernoulli(3000, 0.02);
  const std::size_t offset = 3000000000;
  Indices moved = set.indices;
  for (std::uint32_t& index : moved) index += static_cast<std::uint32_t>(offset);
  const std::size_t cuts[] = {0, 1, set.n / 3, set.n / 3, set.n / 2 + 5, set.n};
  for (std::size_t s = 0; s + 1 < std::size(cuts); ++s) {
    const std::size_t first = offset + cuts[s];
    const std::size_t n = cuts[s + 1] - cuts[s];
    const auto begin = std::ranges::lower_bound(moved, first) - moved.begin();
    const auto end = std::ranges::lower_bound(moved, first + n) - moved.begin();
    const auto count = static_cast<std::size_t>(end - begin);
    const Bytes bytes = device.bytes(moved, static_cast<std::uint32_t>(begin),
                                     static_cast<std::uint32_t>(end), first, n);
    const Support support{std::span(moved).subspan(static_cast<std::size_t>(begin), count), first,
                          n};
    ASSERT_EQ(bytes, host_bytes(coding, support)) << s;
    ASSERT_EQ(device.reads(bytes, count, n, count), host_reads(coding, bytes, count, n)) << s;
  }
}

TEST_P(DeviceIndexCoding, WritesFewerThanThereMayBe) {
  for (const IndexSet& set : {bernoulli(300, 0.05), IndexSet{{}, 5000}, IndexSet{{7}, 5000}}) {
    const auto count = static_cast<std::uint32_t>(set.indices.size());
    const Bytes bytes = device.bytes(set.indices, 0, count, 0, set.n, set.n - count);
    EXPECT_EQ(bytes, host_bytes(coding, support_of(set))) << set;
    EXPECT_EQ(device.reads(bytes, count, set.n, set.n), (ReadBack{set.indices, bytes.size()}));
  }
}

// All but the bitmap, which would take 512 MiB.
TEST_P(DeviceIndexCoding, ReachesTheLastElementOfTheLargestTensor) {
  if (coding == IndexCoding::bitmap) return;
  const std::uint32_t last = 0xfffffffe;
  for (const Indices& few : {Indices{}, Indices{0}, Indices{last}, Indices{0, last / 2, last}}) {
    const IndexSet set{few, 0xffffffff};
    const Bytes bytes = device.bytes(set);
    ASSERT_EQ(bytes, host_bytes(coding, support_of(set))) << set;
    ASSERT_EQ(device.reads(bytes, few.size(), set.n, few.size()), (ReadBack{few, bytes.size()}));
  }
}

TEST_P(DeviceIndexCoding, LeavesWhatLiesBehindThePadding) {
  const IndexSet set = bernoulli(20, 0.05);
  Bytes bytes = host_bytes(coding, support_of(set));
  const std::size_t used = bytes.size();
  bytes.resize(used + 21, kUntouched);
  EXPECT_EQ(device.reads(bytes, 20, set.n, 20), (ReadBack{set.indices, used}));
}

TEST_P(DeviceIndexCoding, RefusesAnotherCountAnotherSegmentAndTooManyIndices) {
  const IndexSet set = bernoulli(300, 0.05);
  const Bytes bytes = host_bytes(coding, support_of(set));
  EXPECT_FALSE(device.reads(bytes, 299, set.n, 300));
  EXPECT_FALSE(device.reads(bytes, 301, set.n, 301));
  EXPECT_FALSE(device.reads(bytes, 0, set.n, 300));
  EXPECT_FALSE(device.reads(bytes, 0xffffffff, set.n, 300));
  EXPECT_FALSE(device.reads(bytes, 300, set.n - 1, 300));  // the last index is n - 1
  EXPECT_FALSE(device.reads(bytes, 300, 0, 300));
  EXPECT_FALSE(device.reads(bytes, 300, set.n, 299));
  EXPECT_TRUE(device.reads(bytes, 300, set.n, 300));
}

TEST_P(DeviceIndexCoding, ReadsTheCodersThatTheHostReads) {
  const IndexSet set = bernoulli(10, 0.05);
  for (const char* name : kIndexCoders) {
    expect_same_verdict(host_bytes(index_coding(name), support_of(set)), set);
  }
}

const IndexSet kSmall[] = {{{3, 10, 11, 300}, 1024}, bernoulli(20, 0.05), {{}, 9}, every(2, 30)};

TEST_P(DeviceIndexCoding, HasTheHostsVerdictOnEveryTruncation) {
  for (const IndexSet& set : kSmall) {
    Bytes bytes = host_bytes(coding, support_of(set));
    for (; !bytes.empty(); bytes.pop_back()) expect_same_verdict(bytes, set);
  }
}

TEST_P(DeviceIndexCoding, HasTheHostsVerdictOnEveryChangedByte) {
  for (const IndexSet& set : kSmall) {
    const Bytes whole = host_bytes(coding, support_of(set));
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (const int change : {0x01, 0x30, 0x80}) {
        Bytes bytes = whole;
        bytes[i] ^= static_cast<std::byte>(change);
        expect_same_verdict(bytes, set);
      }
    }
  }
}

// More than one gap block, so that what one says moves the next.
TEST_P(DeviceIndexCoding, HasTheHostsVerdictOnChangesOfManyIndices) {
  const Random random({.seed = 3});
  for (const IndexSet& set : {rows(3, 100, 900), bernoulli(9000, 0.05)}) {
    const Bytes whole = host_bytes(coding, support_of(set));
    for (std::uint64_t trial = 0; trial < 25; ++trial) {
      Bytes bytes = whole;
      for (std::uint64_t change = 0; change <= trial % 3; ++change) {
        const std::uint64_t draw = 8 * trial + 2 * change;
        const std::size_t below = trial % 2 == 0 ? bytes.size() : 24;
        bytes[random.below(below, draw + 1)] ^= static_cast<std::byte>(random.below(256, draw));
      }
      expect_same_verdict(bytes, set);
    }
  }
}

/// As if a coder had written those bytes.
Bytes framed(IndexCoding coding, const Bytes& coded) {
  Bytes all(padded(2 * kHead + coded.size()));
  ByteWriter writer(all);
  writer.put(std::uint64_t{0});
  writer.put(std::uint64_t{coded.size()} << 8 | static_cast<std::uint64_t>(coding));
  writer.put_all(std::span<const std::byte>(coded));
  return {all.begin() + kHead, all.end()};
}

TEST_P(DeviceIndexCoding, HasTheHostsVerdictOnRandomBytes) {
  const Random random({.seed = 4});
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    Bytes coded(random.below(60, 128 * trial));
    // Small values now and then, for what is in front of the codes.
    const std::uint64_t below = trial % 2 == 0 ? 256 : 33;
    for (std::size_t i = 0; i < coded.size(); ++i) {
      coded[i] = static_cast<std::byte>(random.below(below, 128 * trial + i + 1));
    }
    const std::size_t n = trial % 3 == 0 ? 0xffffffff : 1 + random.below(500, trial);
    const std::size_t count = random.below(std::min<std::size_t>(n, 300) + 1, trial + 1);
    const auto used =
        coding == IndexCoding::automatic ? static_cast<IndexCoding>(1 + trial % 6) : coding;
    const Bytes bytes = framed(used, coded);
    ASSERT_EQ(device.reads(bytes, count, n, count), host_reads(coding, bytes, count, n)) << trial;
  }
}

template <class... Values>
Bytes coded(Values... values) {
  return {static_cast<std::byte>(values)...};
}

struct Crafted {
  IndexCoding coding;
  Bytes bytes;
  std::size_t count;
  std::size_t n;
};

// 257 indices with parameters of 31, of which the first has 8,000 zeros: their sum must not wrap.
Bytes wide_rice() {
  Bytes wide = coded(31, 31);
  wide.resize(2 + 257 * 31 / 8 + 1 + 1000);
  wide.resize(wide.size() + 33, std::byte{0xff});
  return wide;
}

TEST(DeviceIndexCodingOfPeers, HasTheHostsVerdict) {
  const std::size_t large = 0xffffffff;
  const Crafted all[] = {
      {IndexCoding::delta, coded(0x80, 0x01), 1, 1024},
      {IndexCoding::delta, coded(0x80, 0x00), 1, 1024},
      {IndexCoding::delta, coded(0x83, 0x80, 0x00), 1, 1024},
      {IndexCoding::delta, coded(0x80, 0x80, 0x80, 0x80, 0x80, 0x01), 1, large},
      {IndexCoding::delta, coded(0xff, 0xff, 0xff, 0xff, 0x7f), 1, large},
      {IndexCoding::delta, coded(0xfe, 0xff, 0xff, 0xff, 0x0f), 1, large},
      {IndexCoding::delta, coded(0xff, 0xff, 0xff, 0xff, 0x0f), 1, large},
      {IndexCoding::delta, coded(0x01, 0x81), 1, 1024},
      {IndexCoding::runs16, coded(0xff, 0xff, 0, 0), 1, 65536},
      {IndexCoding::runs16, coded(0xff, 0xff, 0, 0), 1, 65535},
      {IndexCoding::runs16, coded(1, 0, 0xff, 0xff), 1, 1024},
      {IndexCoding::runs16, coded(1, 0, 0), 1, 1024},
      {IndexCoding::rice, coded(31, 5, 0, 0, 0, 1), 1, 1024},
      {IndexCoding::rice, coded(32, 5, 0, 0, 0, 1), 1, 1024},
      {IndexCoding::rice, coded(5, 0x03, 0x02), 1, 1024},
      {IndexCoding::rice, coded(5, 0x23, 0x02), 1, 1024},
      {IndexCoding::rice, coded(5, 0x03, 0x06), 1, 1024},
      {IndexCoding::rice, coded(5, 0x03, 0x02, 0), 1, 1024},
      {IndexCoding::rice, coded(31, 0, 0, 0, 0, 0, 0, 0, 0, 2), 1, large},
      {IndexCoding::rice, coded(), 1, 1024},
      {IndexCoding::rice, coded(0), 0, 1024},
      {IndexCoding::rice, wide_rice(), 257, large},
      {IndexCoding::rice, wide_rice(), 257, 7999},
      {IndexCoding::elias_fano, coded(3, 10, 11, 44, 0x17), 4, 1024},
      {IndexCoding::elias_fano, coded(3, 11, 10, 44, 0x17), 4, 1024},
      {IndexCoding::elias_fano, coded(3, 10, 10, 44, 0x17), 4, 1024},
      {IndexCoding::elias_fano, coded(3, 10, 11, 44, 0x0f), 4, 300},
      {IndexCoding::elias_fano, coded(0x05, 0x49), 3, 10},
      {IndexCoding::elias_fano, coded(0x0d, 0x49), 3, 10},
      {IndexCoding::elias_fano, coded(0x05, 0x89), 3, 10},
      {IndexCoding::elias_fano, coded(5, 0, 0, 0, 0x04), 1, large},
      {IndexCoding::bitmap, coded(0, 0x02), 1, 10},
      {IndexCoding::bitmap, coded(0, 0x04), 1, 10},
      {IndexCoding::bitmap, coded(0, 0x06), 1, 10},
      {IndexCoding::raw32, coded(3, 0, 0, 0, 255, 3, 0, 0), 2, 1024},
      {IndexCoding::raw32, coded(3, 0, 0, 0, 3, 0, 0, 0), 2, 1024},
      {IndexCoding::raw32, coded(3, 0, 0, 0, 0, 4, 0, 0), 2, 1024},
  };
  std::size_t valid = 0;
  for (const auto& [coding, bytes, count, n] : all) {
    Device device(coding);
    const Bytes message = framed(coding, bytes);
    const auto host = host_reads(coding, message, count, n);
    valid += host.has_value();
    EXPECT_EQ(device.reads(message, count, n, count), host) << &bytes - &all[0].bytes;
  }
  EXPECT_EQ(valid, 9u);
}

INSTANTIATE_TEST_SUITE_P(All, DeviceIndexCoding,
                         testing::Values("auto", "raw32", "bitmap", "delta", "rice", "elias_fano",
                                         "runs16"),
                         [](const auto& coder) { return std::string(coder.param); });

}  // namespace
}  // namespace pith::test
