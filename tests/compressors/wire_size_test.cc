// SPDX-License-Identifier: Apache-2.0
#include "compressors/inputs.h"
#include "compressors/message_codec.h"

// U6: bytes counted by hand, headers and padding included. The comments add up what precedes the
// padding.
namespace pith::test {
namespace {

struct Size {
  const char* spec;
  std::size_t float_bytes;
  std::size_t double_bytes;
};

// 1,000 elements in one segment
constexpr Size kSizes[] = {
    {"identity", 4000, 8000},                     // 4 n, 8 n
    {"cast(fp16)", 2000, 2000},                   // 2 n
    {"cast(bf16)", 2000, 2000},                   //
    {"cast(fp32)", 4000, 4000},                   // 4 n
    {"natural", 1136, 1504},                      // 9 n / 8 = 1125, 12 n / 8 = 1500
    {"onebit", 144, 144},                         // 4 + 125, 8 + 125
    {"onebit(block=64)", 192, 256},               // 16 blocks: 64 + 125, 128 + 125
    {"quantize(bits=4)", 528, 544},               // 2 buckets: 16 + 500, 32 + 500
    {"quantize(bits=3,bucket=100)", 464, 544},    // 10 buckets: 80 + 375, 160 + 375
    {"quantize(bits=1,bucket=1000)", 144, 144},   // 8 + 125, 16 + 125
    {"quantize(bits=8,range=qsgd)", 1008, 1024},  // 2 buckets: 8 + 1000, 16 + 1000
    {"levels(bits=2)", 272, 272},                 // 4 blocks: 16 + 250
    {"levels(bits=5,block=100)", 672, 672},       // 10 blocks: 40 + 625
    // Sparse: 16 and the indices; then the values.
    {"topk(density=0.01)", 80, 112},                          // 16 + 10 (delta), and 40 or 80
    {"topk(density=0.01,values=bf16)", 64, 64},               // 16 + 10, and 20
    {"topk(density=0.01,values=8bit)", 48, 48},               // 16 + 10, and 4 + 10
    {"topk(density=0.1,index=raw32)", 816, 1216},             // 16 + 400, and 400 or 800
    {"topk(density=0.1,index=bitmap)", 544, 944},             // 16 + 125
    {"topk(density=0.1,index=delta)", 528, 928},              // 16 + 100, as all gaps are below 128
    {"topk(density=0.1,index=elias_fano)", 496, 896},         // 16 + 300 bits + (100 + 125) bits
    {"topk(density=0.1,index=runs16)", 624, 1024},            // 16 + 200
    {"topk(density=1,index=rice)", 4160, 8160},               // 16 + 4 + 125, and 4000 or 8000
    {"topk(k=10,index=bitmap)", 192, 224},                    // 16 + 125, and 40 or 80
    {"topk(k=100,index=bitmap)|quantize(bits=4)", 208, 224},  // 16 + 125, and 8 or 16, and 50
    {"topk(k=100,index=bitmap)|onebit", 176, 176},            // 16 + 125, and 4 + 13 or 8 + 13
    {"blocktopk(k=1,block=100,index=raw32)", 112, 144},       // 16 + 40, and 40 or 80
    {"threshold(value=100)", 16, 16},                         // 16
    {"threshold(value=1e-300)", 4144, 8144},                  // 16 + 125 (bitmap), and 4000 or 8000
};

TEST(U6, BytesOfOneSegmentEqualTheFormula) {
  for (const Size& size : kSizes) {
    auto x = eighths<float>(1000);
    for (float& value : x) value += 0.0625f;  // no zeros
    EXPECT_EQ(MessageCodec<float>(size.spec).bytes(x), size.float_bytes) << size.spec;
    EXPECT_EQ(MessageCodec<double>(size.spec).bytes({x.begin(), x.end()}), size.double_bytes)
        << size.spec;
  }
}

std::vector<std::size_t> segment_bytes(const char* spec, const std::vector<float>& x,
                                       const std::vector<std::size_t>& cuts) {
  std::vector<std::size_t> sizes;
  for (const Bytes& segment : MessageCodec<float>(spec).encode_cut(x, cuts).segments) {
    sizes.push_back(segment.size());
  }
  return sizes;
}

TEST(U6, EverySegmentRepeatsTheStatisticsOfItsBlocks) {
  using Sizes = std::vector<std::size_t>;
  const auto x = eighths<float>(100);
  const std::vector<std::size_t> cuts{0, 30, 30, 70, 100};
  // Blocks of 20: 2 in [0, 30), 3 in [30, 70), 2 in [70, 100).
  EXPECT_EQ(segment_bytes("onebit(block=20)", x, cuts), (Sizes{16, 0, 32, 16}));  // 12, 17, 12
  EXPECT_EQ(segment_bytes("quantize(bits=8,bucket=20)", x, cuts),
            (Sizes{48, 0, 64, 48}));  // 16 + 30, 24 + 40, 16 + 30
  EXPECT_EQ(segment_bytes("natural", x, cuts), (Sizes{48, 0, 48, 48}));  // 34, 45, 34
}

// Four of the values lie in [0, 8), none in [8, 40), one in [40, 100).
TEST(U6, SparseSegmentsHaveTheirOwnCounts) {
  auto x = constant(100, 0.0f);
  for (const std::size_t i : {1u, 2u, 3u, 4u, 50u}) x[i] = 5;
  // 16 + 1 (bitmap) and 16; 16; 16 + 1 (delta) and 4
  EXPECT_EQ(segment_bytes("topk(k=5)", x, {0, 8, 40, 100}), (std::vector<std::size_t>{48, 16, 48}));
  EXPECT_EQ(segment_bytes("threshold(value=5)", x, {0, 8, 40, 100}),
            (std::vector<std::size_t>{48, 16, 48}));
}

TEST(U6, BoundOfOneSegmentIsExactForFixedSizes) {
  for (const char* spec :
       {"identity", "cast(fp16)", "natural", "onebit(block=7)", "onebit",
        "quantize(bits=3,bucket=33)", "quantize(range=qsgd)", "levels(bits=3,block=7)",
        "topk(density=0.1,index=raw32)", "topk(k=5,values=bf16,index=bitmap)",
        "topk(density=0.5,index=raw32)|quantize(bits=2)"}) {
    MessageCodec<float> codec(spec);
    for (const std::size_t n : {1u, 7u, 8u, 9u, 31u, 32u, 33u, 1000u, 65537u}) {
      EXPECT_EQ(codec.bytes(gaussian<float>(n)), codec->max_wire_bytes(n, 1)) << spec << ' ' << n;
    }
  }
}

TEST(U6, BoundOfTheCheapestIndicesIsNotAboveThatOfAnyCoder) {
  const auto bound = [](const std::string& index, std::size_t n, std::size_t segments) {
    const std::string spec = "topk(density=0.01,index=" + index + ")";
    return MessageCodec<float>(spec)->max_wire_bytes(n, segments);
  };
  for (const std::size_t n : {1u, 33u, 1000u, 65537u, 100000000u}) {
    for (const std::size_t segments : {1u, 4u}) {
      for (const char* index : {"raw32", "bitmap", "delta", "rice", "elias_fano", "runs16"}) {
        EXPECT_LE(bound("auto", n, segments), bound(index, n, segments)) << index << ' ' << n;
      }
    }
  }
  // Elias-Fano: 6 low bits and 1 + 100 / 2^6 high ones for each of 1,000,000.
  EXPECT_EQ(bound("auto", 100000000, 1), padded(16 + 750000 + 320313 + 1) + 4000000);
}

}  // namespace
}  // namespace pith::test
