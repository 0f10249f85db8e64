// SPDX-License-Identifier: Apache-2.0
#include "bench/codec.h"

#include <gtest/gtest.h>

#include <pith/comm/local.h>
#include <pith/compressors/registry.h>
#include <pith/feedback/registry.h>

#include "bench/specs.h"

namespace pith::bench {
namespace {

template <Element T>
std::unique_ptr<Codec<T>> make(const CodecCase& codec, const Gradients<T>& gradients,
                               Communicator& alone) {
  if (kind_of(codec.compressor) == Kind::linear) return make_linear_codec<T>(codec, alone);
  return make_message_codec<T>(codec, gradients, alone);
}

template <Element T>
void expect_right(const CodecCase& codec) {
  run_local(1, [&](Communicator& alone) {
    const Gradients<T> gradients("gaussian", codec.shape.elements(), 1, 0);
    const auto subject = make<T>(codec, gradients, alone);
    for (std::size_t i = 0; i < 3; ++i) subject->step(gradients.step(i));
    const CodecCheck check = subject->check(gradients.step(3));
    EXPECT_EQ(check.wrong, 0u) << codec.compressor << " " << codec.feedback;
  });
}

TEST(Codec, GivesWhatPlainCallsGiveForEveryCompressorAndRule) {
  for (const CompressorEntry& compressor : compressors()) {
    for (const FeedbackEntry& rule : feedback_rules()) {
      if (rule.messages > 1) continue;  // refused
      CodecCase codec{.compressor = std::string(compressor.example),
                      .feedback = std::string(rule.name),
                      .shape = {37, 41},
                      .ranks = 3};
      expect_right<float>(codec);
      codec.commit = Commit::step;
      expect_right<double>(codec);
    }
  }
}

// 4 bytes of 6 values; 16 + 1 bytes of head and index and 4 of value; 4 bytes of 2 + 3 values,
// of 2, of 3 + 2.
TEST(Codec, CountsThePayloadWithoutAHead) {
  run_local(1, [](Communicator& alone) {
    const Gradients<float> gradients("gaussian", 6, 0, 0);
    const auto bytes = [&](const char* compressor) {
      const CodecCase codec{.compressor = compressor, .feedback = "none", .shape = {2, 3}};
      const auto subject = make<float>(codec, gradients, alone);
      subject->step(gradients.step(0));
      return subject->payload_bytes();
    };
    EXPECT_EQ(bytes("identity"), 32u);
    EXPECT_EQ(bytes("topk(k=1)"), 48u);
    EXPECT_EQ(bytes("lowrank(rank=1)"), 20u);
    EXPECT_EQ(bytes("acp(rank=1)"), 8u);
    EXPECT_EQ(bytes("arctopk(density=0.1,block=2)"), 20u);
  });
}

TEST(Codec, MeasuresTheErrorOfACheckedStep) {
  run_local(1, [](Communicator& alone) {
    const Gradients<float> gradients("constant", 4, 0, 0);
    const CodecCase codec{.compressor = "topk(k=1)", .feedback = "none", .shape = {2, 2}};
    const auto subject = make<float>(codec, gradients, alone);
    EXPECT_DOUBLE_EQ(subject->check(gradients.step(0)).relative_error, std::sqrt(3.0 / 4));
  });
}

}  // namespace
}  // namespace pith::bench
