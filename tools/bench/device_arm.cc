// SPDX-License-Identifier: Apache-2.0
#include "device_arm.h"

#include <algorithm>
#include <array>
#include <vector>

#include <pith/compressors/device_linear.h>
#include <pith/compressors/device_message.h>
#include <pith/core/error.h>
#include <pith/cuda/device_scratch.h>
#include <pith/cuda/memory.h>
#include <pith/cuda/stream.h>
#include <pith/feedback/device_feedback.h>

#include "specs.h"

namespace pith::bench {
namespace {

/// What arms of both kinds have: a rule, a mean and what a step needs.
class Step : public DeviceArm {
 public:
  Step(const CodecCase& codec, DeviceStream stream)
      : codec_(codec),
        rule_(make_device_feedback(parse_spec(codec.feedback), codec.shape.elements(), codec.commit,
                                   stream)),
        mean_(codec.shape.elements()),
        fault_(1) {
    cuda::clear(fault_.span(), stream);
  }

  DeviceSpan<const float> mean() const override { return mean_.span(); }

 protected:
  DeviceSource begin(DeviceSpan<const float> gradient, const Guarantee& guarantee) {
    StepContext context;
    context.step = step_;
    context.guarantee = guarantee;
    key_ = {.seed = codec_.seed, .tensor = 1, .step = step_, .rank = 0};
    return rule_->begin(gradient, context);
  }

  void end() {
    rule_->accept();
    ++step_;
  }

  const CodecCase codec_;
  std::unique_ptr<DeviceFeedback> rule_;
  cuda::DeviceBuffer<float> mean_;
  cuda::DeviceBuffer<DeviceFault> fault_;
  cuda::DeviceScratch scratch_;
  RandomKey key_;

 private:
  std::uint64_t step_ = 0;
};

class MessageArm final : public Step {
 public:
  MessageArm(const CodecCase& codec, DeviceStream stream)
      : Step(codec, stream),
        compressor_(make_device_message(parse_pipeline(codec.compressor), codec.shape)),
        place_(compressor_->place_bytes(std::array{std::size_t{0}, codec.shape.elements()})),
        wire_(codec.ranks * place_),
        size_(1) {}

  void encode(DeviceSpan<const float> gradient, DeviceStream stream) override {
    const std::size_t cuts[] = {0, gradient.size()};
    const auto source = begin(gradient, compressor_->guarantee(gradient.size()));
    const cuda::DeviceScratch::Frame frame(scratch_);
    compressor_->encode(source, cuts, key_,
                        {place(steps_), place_, size_.span(), fault_.span().data()}, scratch_,
                        stream);
    ++steps_;
    end();
  }

  void decode(DeviceStream stream) override {
    const cuda::DeviceScratch::Frame frame(scratch_);
    std::vector<DeviceSegment> segments;
    for (std::size_t rank = 0; rank < std::min(codec_.ranks, steps_); ++rank) {
      segments.push_back({.bytes = place(rank)});
    }
    compressor_->decode_mean(segments, 0, static_cast<float>(segments.size()), mean_.span(),
                             fault_.span().data(), scratch_, stream);
  }

  std::vector<std::byte> payload(DeviceStream stream) const override {
    std::vector<std::uint64_t> size(1);
    cuda::download(DeviceSpan<const std::uint64_t>(size_.span()), std::span(size), stream);
    cuda::synchronize(stream);
    std::vector<std::byte> bytes(size.front());
    cuda::download(DeviceSpan<const std::byte>(place(steps_ - 1).first(bytes.size())),
                   std::span(bytes), stream);
    cuda::synchronize(stream);
    return bytes;
  }

 private:
  DeviceSpan<std::byte> place(std::size_t step) const {
    return wire_.span().subspan(step % codec_.ranks * place_, place_);
  }

  std::unique_ptr<DeviceMessageCompressor> compressor_;
  std::size_t place_;
  cuda::DeviceBuffer<std::byte> wire_;  // rank by rank
  cuda::DeviceBuffer<std::uint64_t> size_;
  std::size_t steps_ = 0;
};

// What averaging costs belongs to no codec: a rank's own factors are the averages.
class LinearArm final : public Step {
 public:
  LinearArm(const CodecCase& codec, DeviceStream stream)
      : Step(codec, stream),
        compressor_(make_device_linear(parse_pipeline(codec.compressor), codec.shape, stream)),
        factors_(elements()) {}

  void encode(DeviceSpan<const float> gradient, DeviceStream stream) override {
    scratch_.clear();
    const auto source = begin(gradient, compressor_->guarantee());
    std::size_t first = 0;
    for (int round = 0; round < compressor_->rounds(); ++round) {
      const auto factor = factors_.span().subspan(first, compressor_->factor_elements(round));
      compressor_->factor(round, source, key_, factor, fault_.span().data(), scratch_, stream);
      first += factor.size();
    }
    compressor_->accept(stream);
    end();
  }

  void decode(DeviceStream stream) override { compressor_->reconstruct(mean_.span(), stream); }

  DeviceSpan<const float> compressor_state() const override { return compressor_->state(); }

  std::vector<std::byte> payload(DeviceStream) const override {
    return std::vector<std::byte>(elements() * size_of(compressor_->factor_type()));
  }

 private:
  std::size_t elements() const {
    std::size_t all = 0;
    for (int round = 0; round < compressor_->rounds(); ++round) {
      all += compressor_->factor_elements(round);
    }
    return all;
  }

  std::unique_ptr<DeviceLinearCompressor> compressor_;
  cuda::DeviceBuffer<float> factors_;
};

}  // namespace

std::unique_ptr<DeviceArm> make_device_arm(const CodecCase& codec, DeviceStream stream) {
  if (kind_of(codec.compressor) == Kind::linear) return std::make_unique<LinearArm>(codec, stream);
  return std::make_unique<MessageArm>(codec, stream);
}

}  // namespace pith::bench
