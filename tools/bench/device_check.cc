// SPDX-License-Identifier: Apache-2.0
#include "device_check.h"

#include <vector>

#include <pith/compressors/registry.h>
#include <pith/cuda/memory.h>
#include <pith/cuda/stream.h>
#include <pith/feedback/registry.h>

#include "compare.h"
#include "device_arm.h"
#include "plain_step.h"
#include "specs.h"

namespace pith::bench {
namespace {

StepStart<float> first_start(const CodecCase& codec) {
  StepStart<float> start;
  const auto rule =
      make_feedback<float>(parse_spec(codec.feedback), codec.shape.elements(), codec.commit);
  start.rule = copied(rule->states());
  start.key = {.seed = codec.seed, .tensor = 1, .step = 0, .rank = 0};
  if (kind_of(codec.compressor) == Kind::linear) {
    start.compressor =
        copied(make_linear<float>(parse_pipeline(codec.compressor), codec.shape)->states());
  }
  return start;
}

// Of the last messages.
std::vector<float> mean_of(const std::vector<std::vector<float>>& sent) {
  std::vector<float> mean(sent.front().size());
  for (std::size_t i = 0; i < mean.size(); ++i) {
    for (const auto& message : sent) mean[i] += message[i];
    mean[i] /= static_cast<float>(sent.size());
  }
  return mean;
}

}  // namespace

CodecCheck check_on_device(const CodecCase& codec, const Gradients<float>& gradients,
                           std::size_t steps, DeviceStream stream) {
  const bool linear = kind_of(codec.compressor) == Kind::linear;
  const bool by_blas = parse_pipeline(codec.compressor).front().name == "lowrank";
  const auto arm = make_device_arm(codec, stream);
  cuda::DeviceBuffer<float> gradient(gradients.size());
  std::vector<float> mean(gradients.size());
  StepStart<float> start = first_start(codec);
  std::vector<std::vector<float>> sent;  // as the ranks' messages lie
  CodecCheck check;
  for (std::size_t step = 0; step < steps; ++step) {
    cuda::upload(gradients.step(step), gradient.span(), stream);
    arm->encode(gradient.span(), stream);
    arm->decode(stream);
    cuda::download(arm->mean(), std::span(mean), stream);
    cuda::synchronize(stream);
    const auto plain = linear ? plain_linear_step(codec, start, gradients.step(step))
                              : plain_message_step(codec, start, gradients.step(step));
    if (!linear) check.wrong += count_different(arm->payload(stream), plain.payload);
    if (sent.size() < codec.ranks) sent.emplace_back();
    sent[step % codec.ranks] = plain.sent;
    const auto expected = linear ? plain.decoded : mean_of(sent);
    const double allowed = by_blas ? 1e-4 * largest<float>(expected) : 0;
    check.wrong += count_wrong<float>(mean, expected, allowed);
    check.relative_error = relative_error<float>(plain.composed, plain.sent);
    start.rule = plain.states;
    for (auto& state : start.compressor) {
      cuda::download(arm->compressor_state(), std::span(state), stream);
      cuda::synchronize(stream);
    }
    ++start.context.step;
    ++start.key.step;
  }
  return check;
}

}  // namespace pith::bench
