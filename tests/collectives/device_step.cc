// SPDX-License-Identifier: Apache-2.0
#include "collectives/device_step.h"

#include <pith/compressors/device_linear.h>
#include <pith/compressors/registry.h>
#include <pith/core/random.h>
#include <pith/feedback/registry.h>

#include "support/usage_error.h"

namespace pith::test {
namespace {

constexpr std::uint64_t kKey = 77;
constexpr std::uint64_t kOwnerKey = 0x6f776e6572;

std::vector<float> gradient_of(std::size_t n, std::uint64_t step, int rank) {
  const Random random(
      {.seed = 5, .tensor = 1, .step = step, .rank = static_cast<std::uint32_t>(rank)});
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(random.normal(i));
  return x;
}

StepContext context_of(std::uint64_t step, const Guarantee& guarantee, bool exact) {
  return {.step = step, .learning_rate = 0.1, .guarantee = guarantee, .exact = exact};
}

std::size_t shard_size(std::size_t n, int rank, int ranks) {
  const auto r = static_cast<std::size_t>(rank);
  const auto p = static_cast<std::size_t>(ranks);
  return block_start(n, p, r + 1) - block_start(n, p, r);
}

bool has_messages(const ExchangedTensor& tensor) {
  return tensor.exchange == Exchange::gather || tensor.exchange == Exchange::sharded;
}

bool is_linear(const ExchangedTensor& tensor) {
  return !has_messages(tensor) && tensor.compressor != "none";
}

RandomKey key_of(std::uint64_t step, int rank, std::uint64_t tensor = kKey) {
  return {.seed = 3, .tensor = tensor, .step = step, .rank = static_cast<std::uint32_t>(rank)};
}

}  // namespace

bool has_device_version(const ExchangedTensor& tensor) {
  return !has_messages(tensor) || usage_error([&] {
                                    make_device_message(parse_pipeline(tensor.compressor), {100});
                                  }).empty();
}

struct HostSteps::Parts {
  Parts(const ExchangedTensor& what, Communicator& ranks) : tensor(what), communicator(ranks) {}

  ExchangedTensor tensor;
  Communicator& communicator;
  Scratch scratch;
  std::unique_ptr<Feedback<float>> rule, owner_rule;
  std::unique_ptr<MessageCompressor<float>> message, owner_message;
  std::unique_ptr<LinearCompressor<float>> linear;
  std::vector<float> mean;
};

HostSteps::HostSteps(const ExchangedTensor& tensor, std::size_t n, Communicator& communicator)
    : parts_(new Parts(tensor, communicator)) {
  Parts& my = *parts_;
  const Spec rule = parse_spec(tensor.rule);
  const std::size_t shard = shard_size(n, communicator.rank(), communicator.size());
  my.rule = make_feedback<float>(rule, n, Commit::step);
  my.owner_rule = make_feedback<float>(owner_rule(rule), shard, Commit::step);
  my.mean.resize(n);
  const auto pipeline = [&] { return parse_pipeline(tensor.compressor); };
  if (has_messages(tensor)) {
    my.message = make_message<float>(pipeline(), Shape::flat(n));
    my.owner_message = make_message<float>(pipeline(), Shape::flat(shard));
  } else if (is_linear(tensor)) {
    my.linear = make_linear<float>(pipeline(), Shape::flat(n));
  }
}

HostSteps::~HostSteps() = default;

std::vector<float> HostSteps::step(std::uint64_t number, std::uint64_t gradient_number) {
  Parts& my = *parts_;
  my.scratch.clear();
  const auto gradient = gradient_of(my.mean.size(), gradient_number, my.communicator.rank());
  Unit<float> unit;
  unit.name = "tensor";
  unit.key = kKey;
  unit.elements = gradient.size();
  unit.gradient = gradient;
  unit.mean = my.mean;
  unit.feedback = my.rule.get();
  unit.message = my.message.get();
  unit.linear = my.linear.get();
  unit.owner_feedback = my.owner_rule.get();
  unit.owner_message = my.owner_message.get();
  Round round{.communicator = my.communicator,
              .scratch = my.scratch,
              .step = {.step = number, .learning_rate = 0.1},
              .divisor = static_cast<double>(my.communicator.size()),
              .seed = 3};
  exchange<float>(my.tensor.exchange, {&unit, 1}, round);
  EXPECT_TRUE(round.faults.empty());
  my.rule->accept();
  if (my.tensor.exchange == Exchange::sharded) my.owner_rule->accept();
  if (my.linear) my.linear->accept();
  std::vector<float> estimate(my.mean.size());
  my.rule->absorb(0, my.mean, estimate);
  return estimate;
}

DeviceSource DeviceBench::source_of(DeviceSpan<const float> x) {
  DeviceSource source;
  source.size = x.size();
  source.gradient = x.data();
  return source;
}

struct DeviceSteps::Parts {
  ExchangedTensor tensor;
  DeviceBench bench;
  std::size_t n;
  std::size_t shard;
  std::unique_ptr<DeviceFeedback> rule, owner_rule;
  std::unique_ptr<DeviceMessageCompressor> message, owner_message;
  std::unique_ptr<DeviceLinearCompressor> linear;
  cuda::DeviceBuffer<float> gradient, mean;

  Parts(const ExchangedTensor& what, std::size_t elements, DeviceCommunicator& communicator)
      : tensor(what),
        bench(communicator),
        n(elements),
        shard(shard_size(n, communicator.rank(), communicator.size())),
        gradient(n),
        mean(n) {}

  DeviceMessage own(std::uint64_t step, int rank) {
    const auto context = context_of(step, message->guarantee(n), false);
    return {rule->begin(gradient, context), *message, key_of(step, rank)};
  }

  DeviceMessage of_owner(std::uint64_t step, int rank) {
    const auto context = context_of(step, owner_message->guarantee(shard), false);
    return {owner_rule->begin({nullptr, shard}, context), *owner_message,
            key_of(step, rank, kKey ^ kOwnerKey)};
  }
};

DeviceSteps::DeviceSteps(const ExchangedTensor& tensor, std::size_t n,
                         DeviceCommunicator& communicator)
    : parts_(std::make_unique<Parts>(tensor, n, communicator)) {
  Parts& my = *parts_;
  const Spec rule = parse_spec(tensor.rule);
  const DeviceStream stream = my.bench.stream;
  my.rule = make_device_feedback(rule, n, Commit::step, stream);
  my.owner_rule = make_device_feedback(owner_rule(rule), my.shard, Commit::step, stream);
  const auto pipeline = [&] { return parse_pipeline(tensor.compressor); };
  if (has_messages(tensor)) {
    my.message = make_device_message(pipeline(), Shape::flat(n));
    my.owner_message = make_device_message(pipeline(), Shape::flat(my.shard));
  } else if (tensor.exchange == Exchange::linear) {
    my.linear = make_device_linear(pipeline(), Shape::flat(n), stream);
  }
}

DeviceSteps::~DeviceSteps() = default;

DeviceFault DeviceSteps::fault() { return parts_->bench.fault(); }
DeviceBench& DeviceSteps::bench() { return parts_->bench; }

void DeviceSteps::set_gradient(std::uint64_t number) {
  Parts& my = *parts_;
  const auto values = gradient_of(my.n, number, my.bench.round.communicator.rank());
  cuda::upload(std::span<const float>(values), my.gradient.span(), my.bench.stream);
  cuda::synchronize(my.bench.stream);
}

void DeviceSteps::put_into_stream(std::uint64_t number) {
  Parts& my = *parts_;
  const DeviceRound& round = my.bench.round;
  const int rank = round.communicator.rank();
  my.bench.scratch.clear();
  switch (my.tensor.exchange) {
    case Exchange::gather:
      return gather(my.own(number, rank), my.mean.span(), round);
    case Exchange::sharded:
      return sharded(my.own(number, rank), my.of_owner(number, rank), my.mean.span(), round);
    case Exchange::linear: {
      const auto context = context_of(number, my.linear->guarantee(), false);
      return linear(my.rule->begin(my.gradient, context), *my.linear, key_of(number, rank),
                    my.mean.span(), round);
    }
    default: {
      const ElementType type = my.tensor.compressor == "none"         ? ElementType::float32
                               : my.tensor.compressor == "cast(fp16)" ? ElementType::float16
                                                                      : ElementType::bfloat16;
      const auto context = context_of(number, {}, type == ElementType::float32);
      return raw(my.rule->begin(my.gradient, context), type, my.mean.span(), round);
    }
  }
}

std::vector<float> DeviceSteps::accept() {
  Parts& my = *parts_;
  my.rule->accept();
  my.owner_rule->accept();
  if (my.linear) my.linear->accept(my.bench.stream);
  const cuda::DeviceBuffer<float> estimate(my.n);
  my.rule->absorb(my.mean.span(), estimate.span(), my.bench.stream);
  my.bench.round.communicator.wait(my.bench.stream);
  return to_host(estimate.span(), my.bench.stream);
}

std::vector<float> DeviceSteps::step(std::uint64_t number) {
  set_gradient(number);
  put_into_stream(number);
  return accept();
}

}  // namespace pith::test
