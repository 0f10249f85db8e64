// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <pith/core/aligned.h>

#include "inputs.h"
#include "message_codec.h"
#include "support/every_simd_target.h"

// The mean of several messages in one pass has the bits of the plain sum, divided.
namespace pith::test {
namespace {

/// Messages of so many ranks, opened.
template <class T>
class Messages {
 public:
  Messages(const std::string& spec, std::size_t n, std::size_t ranks) : codec_(spec) {
    for (std::size_t r = 0; r < ranks; ++r) {
      bytes_.push_back(codec_.encode(gaussian<T>(n, r + 1)).segments[0]);
    }
    for (const Bytes& bytes : bytes_) all_.push_back(&codec_->open({bytes, 0}, n, scratch_));
  }

  void expect_mean(T divisor, Range range, std::size_t shift) const {
    AlignedVector<T> out(shift + range.size());
    const auto mean = std::span(out).subspan(shift);
    all_.front()->mean(all_, divisor, range.begin, mean);
    std::vector<T> sum(range.size());
    for (const Decoded<T>* one : all_) one->axpy(T(1), range.begin, sum);
    for (T& value : sum) value /= divisor;
    EXPECT_TRUE(std::ranges::equal(mean, sum)) << all_.size() << " messages of " << range.size();
  }

 private:
  MessageCodec<T> codec_;
  Scratch scratch_;
  std::vector<Bytes> bytes_;
  std::vector<const Decoded<T>*> all_;
};

class Mean : public testing::TestWithParam<std::string> {};

TEST_P(Mean, IsThePlainOneOnEveryInstructionSet) {
  on_every_simd_target([] {
    for (const std::size_t ranks : {1u, 2u, 4u, 8u, 9u}) {
      const Messages<float> floats(GetParam(), 4099, ranks);
      const Messages<double> doubles(GetParam(), 999, ranks);
      for (const float divisor : {1.0f, 3.0f, 4.0f}) {
        floats.expect_mean(divisor, {0, 4099}, 0);
        floats.expect_mean(divisor, {8, 3000}, 3);
        floats.expect_mean(divisor, {333, 4098}, 0);
        doubles.expect_mean(static_cast<double>(divisor), {0, 999}, 0);
        doubles.expect_mean(static_cast<double>(divisor), {7, 998}, 1);
      }
    }
  });
}

// Large enough to be written past the caches.
TEST_P(Mean, IsThePlainOneOfLargeTensors) {
  constexpr std::size_t kLarge = kStreamedBytes / sizeof(float) + 1000;
  const Messages<float> messages(GetParam(), kLarge, 3);
  messages.expect_mean(3, {0, kLarge}, 0);
  messages.expect_mean(4, {5, kLarge}, 1);
}

INSTANTIATE_TEST_SUITE_P(All, Mean,
                         testing::Values("onebit", "onebit(block=333)", "quantize(bits=4)",
                                         "quantize(bits=4,bucket=37)", "quantize(bits=8)",
                                         "quantize(bits=3)", "topk(density=0.1)", "cast(bf16)",
                                         "cast(fp16)", "cast(fp32)", "natural", "identity"),
                         test_name);

}  // namespace
}  // namespace pith::test
