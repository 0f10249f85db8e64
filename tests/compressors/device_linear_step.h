// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <pith/compressors/device_linear.h>
#include <pith/compressors/registry.h>
#include <pith/feedback/device_feedback.h>
#include <pith/feedback/registry.h>

#include "support/device.h"

namespace pith::test {

/// Zeros have a sign here.
inline std::vector<std::uint32_t> bits_of(std::span<const float> x) {
  std::vector<std::uint32_t> bits(x.size());
  if (!x.empty()) std::memcpy(bits.data(), x.data(), x.size_bytes());
  return bits;
}

using Floats = std::vector<std::vector<float>>;

/// A tensor, the rule by which it is composed and the compressor of its factors.
struct LinearTensor {
  std::string spec;
  std::string rule;
  Shape shape;
};

inline StepContext linear_context(std::uint64_t step) {
  return {.step = step,
          .learning_rate = 0.1,
          .guarantee = {.contraction = 0.25, .contraction_is_typical = true},
          .gradient_scale = step == 1 ? 0.75 : 1,
          .state_scale = step == 2 ? 0.5 : 1};
}

inline RandomKey linear_key(std::uint64_t step) {
  return {.seed = 3, .tensor = 17, .step = step, .rank = 5};
}

/// As if another rank's factors were zero.
inline void average(std::span<float> factor) {
  for (float& x : factor) x *= 0.5f;
}

class HostLinear {
 public:
  explicit HostLinear(const LinearTensor& tensor)
      : compressor_(make_linear<float>(parse_pipeline(tensor.spec), tensor.shape)),
        rule_(
            make_feedback<float>(parse_spec(tensor.rule), tensor.shape.elements(), Commit::step)) {}

  /// What factor() wrote, by round. Nothing is committed.
  Floats step(const std::vector<float>& gradient, std::uint64_t step) {
    scratch_.clear();
    composed_.resize(gradient.size());
    averages.clear();
    const auto x = rule_->compose_all(0, gradient, linear_context(step), composed_);
    Floats factors;
    averages.resize(static_cast<std::size_t>(compressor_->rounds()));
    for (int round = 0; round < compressor_->rounds(); ++round) {
      auto& out = averages[static_cast<std::size_t>(round)];
      out.resize(compressor_->factor_elements(round));
      compressor_->factor(round, x, linear_key(step), out, scratch_);
      factors.push_back(out);
      average(out);
    }
    mean.assign(gradient.size(), 0);
    compressor_->reconstruction().axpy(1, 0, mean);
    return factors;
  }

  void commit(const Decoded<float>& sent) { rule_->commit_all(mean.size(), sent); }

  void accept() {
    rule_->accept();
    compressor_->accept();
  }

  std::vector<StateView<float>> states() { return rule_->states(); }
  LinearCompressor<float>& compressor() { return *compressor_; }

  Floats averages;
  std::vector<float> mean;

 private:
  std::unique_ptr<LinearCompressor<float>> compressor_;
  std::unique_ptr<Feedback<float>> rule_;
  std::vector<float> composed_;
  Scratch scratch_;
};

class DeviceLinear {
 public:
  DeviceLinear(const LinearTensor& tensor, DeviceStream stream)
      : compressor_(make_device_linear(parse_pipeline(tensor.spec), tensor.shape, stream)),
        rule_(make_device_feedback(parse_spec(tensor.rule), tensor.shape.elements(), Commit::step,
                                   stream)),
        stream_(stream),
        fault_(1) {}

  /// The same, where the averages are these.
  Floats step(const std::vector<float>& gradient, std::uint64_t step, const Floats& averages) {
    scratch_.clear();
    cuda::clear(fault_.span(), stream_);
    gradient_ = to_device(gradient, stream_);
    const DeviceSource x = rule_->begin(gradient_.span(), linear_context(step));
    Floats factors;
    for (int round = 0; round < compressor_->rounds(); ++round) {
      const auto out = scratch_.take<float>(compressor_->factor_elements(round));
      compressor_->factor(round, x, linear_key(step), out, fault_.span().data(), scratch_, stream_);
      factors.push_back(to_host(out, stream_));
      const auto& average = averages[static_cast<std::size_t>(round)];
      cuda::upload(std::span<const float>(average), out, stream_);
    }
    const auto mean_there = scratch_.take<float>(gradient.size());
    compressor_->reconstruct(mean_there, stream_);
    mean = to_host(mean_there, stream_);
    return factors;
  }

  void accept() {
    rule_->accept();
    compressor_->accept(stream_);
  }

  bool found_non_finite() const { return to_host(fault_.span(), stream_)[0].non_finite == 1; }
  std::vector<DeviceStateView> states() { return rule_->states(); }
  DeviceLinearCompressor& compressor() { return *compressor_; }
  std::size_t scratch_bytes() const { return scratch_.capacity(); }

  std::vector<float> mean;

 private:
  std::unique_ptr<DeviceLinearCompressor> compressor_;
  std::unique_ptr<DeviceFeedback> rule_;
  DeviceStream stream_;
  cuda::DeviceBuffer<DeviceFault> fault_;
  cuda::DeviceBuffer<float> gradient_;
  cuda::DeviceScratch scratch_;
};

}  // namespace pith::test
