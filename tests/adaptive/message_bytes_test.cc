// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <pith/adaptive/message_bytes.h>

#include "adaptive/curve_data.h"
#include "compressors/message_codec.h"
#include "support/reference_errors.h"

namespace pith::test {
namespace {

template <Element T>
double bytes_of(const char* spec, const Shape& shape) {
  Scratch scratch;
  return *expected_bytes<T>(parse_pipeline(spec), shape, scratch);
}

TEST(MessageBytes, AreExactWhereTheyDependOnTheShapeAlone) {
  for_each_type([]<class T>(T) {
    for (const Shape& shape : {Shape{1, 1}, Shape{7, 5}, Shape{64, 1001}}) {
      const auto x = data<T>("gaussian", shape.elements());
      for (const char* spec :
           {"none", "identity", "cast(bf16)", "natural", "quantize(bits=3)", "onebit",
            "onebit(scale=sides)", "quantize(range=qsgd)", "levels(bits=2)", "randomk(density=0.1)",
            "randomk(density=0.1)|cast(bf16)", "lowrank(rank=3)", "lowrank(rank=3)|cast(fp16)",
            "arctopk(density=0.1)"}) {
        const double sent = ReferenceError<T>(parse_pipeline(spec), shape).measure(x, {}).bytes;
        EXPECT_EQ(bytes_of<T>(spec, shape), sent) << spec << " of " << shape.text();
      }
    }
  });
}

TEST(MessageBytes, OfAcpAreTheMeanOfItsTwoFactors) {
  const Shape shape{30, 100};
  ReferenceError<float> acp(parse_pipeline("acp(rank=2)"), shape);
  const auto x = data<float>("gaussian", shape.elements());
  const double first = acp.measure(x, {}).bytes;
  const double second = acp.measure(x, {}).bytes;
  EXPECT_NE(first, second);
  EXPECT_DOUBLE_EQ(bytes_of<float>("acp(rank=2)", shape), (first + second) / 2);
}

TEST(MessageBytes, OfSpreadIndicesAreNear) {
  for_each_type([]<class T>(T) {
    for (const std::size_t n : {10'000u, 300'000u}) {
      const Shape shape = Shape::flat(n);
      const auto x = data<T>("gaussian", n);
      for (const char* spec :
           {"topk(density=0.01)", "topk(density=0.5)", "topk(density=0.1,index=bitmap)",
            "topk(density=0.03,index=delta)", "topk(density=0.03,index=elias_fano)",
            "topk(density=0.02,values=bf16)", "topk(density=0.02,values=4bit)", "topk(density=1)",
            "topk(density=0.05)|quantize(bits=4)", "blocktopk(k=82)"}) {
        const double sent = ReferenceError<T>(parse_pipeline(spec), shape).measure(x, {}).bytes;
        EXPECT_NEAR(bytes_of<T>(spec, shape), sent, 0.02 * sent) << spec << " of " << n;
      }
    }
  });
}

TEST(MessageBytes, OfWhatDependsOnTheDataAreMeasured) {
  const Shape shape{200, 300};
  for_each_type([&]<class T>(T) {
    const auto x = data<T>("gaussian", shape.elements());
    std::vector<std::string> specs{"threshold(value=2)", "dct_topk(k=4)", "fedzip",
                                   "topk(density=0.01,sample=0.1)",
                                   "quantize(range=qsgd,coding=elias)"};
    for (const CompressorEntry& entry : compressors()) {
      if (entry.name == "zstd") specs.emplace_back(entry.example);
    }
    Scratch scratch;
    const auto bytes = curve_of(specs, shape, x).expected_bytes();
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const Pipeline pipeline = parse_pipeline(specs[i]);
      EXPECT_FALSE(expected_bytes<T>(pipeline, shape, scratch)) << specs[i];
      const double sent = ReferenceError<T>(pipeline, shape).measure(x, {}).bytes;
      EXPECT_NEAR(bytes[i], sent, 0.02 * sent) << specs[i];
    }
  });
}

}  // namespace
}  // namespace pith::test
