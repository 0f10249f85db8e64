// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <pith/adaptive/device_look.h>
#include <pith/collectives/device_round.h>
#include <pith/comm/device_communicator.h>
#include <pith/compressors/device_linear.h>
#include <pith/compressors/device_message.h>
#include <pith/cuda/device_scratch.h>
#include <pith/cuda/memory.h>
#include <pith/cuda/stream.h>
#include <pith/reducer/device_gradient.h>
#include <pith/reducer/device_messages.h>
#include <pith/reducer/device_node.h>
#include <pith/reducer/device_tensor.h>

namespace pith {

class CudaMark final : public DeviceMark {
 public:
  cuda::Event event;
};

/// A DeviceTensor on a CUDA device, with a stream of its own, so that tensors do not wait for each
/// other, nor for the trainer beyond their own gradients.
///
/// Memory   the rule's states, the mean (n floats), a gradient in 16 bits as n floats, and the
///          messages: those of all ranks in an exchange that gathers. In pinned memory the messages
///          too, by way of the host; or n floats if nothing is compressed; or the factors. build()
///          takes it, so that no step does; but messages on their way from the host, and the
///          scratch that decodes them, may still grow if their size depends on the data, and what
///          an observer looks at, here and in pinned memory, is taken when it first does.
class CudaTensor final : public DeviceTensor {
 public:
  /// `communicator`: of all devices, or null. With a node stage `elements` are this rank's.
  CudaTensor(std::string name, ElementType type, std::size_t elements, const Spec& feedback,
             DeviceCommunicator* communicator, std::optional<DeviceNode> node);
  ~CudaTensor() override;

  void build(const Choice& choice, const Shape& shape, std::size_t ranks) override;
  void stage(const DeviceMemory& memory, bool pushed) override;
  void accept(bool present) override;
  void rescale(double factor, bool present) override;
  std::uint64_t give() override;
  void begin_norm() override;
  double squared_norm() override;
  std::uint64_t sum_in_node(bool pushed, double factor) override;
  void give_up() override;
  void fill_with_nan(const DeviceMemory& memory) override;
  std::vector<DeviceStateView> states() override;
  std::vector<StateView<float>> host_states() override;

  bool goes_between_devices() const override { return communicator_ != nullptr; }
  void look_at(std::span<const Range> ranges) override;
  const Peekable<float>& looked() const override { return look_; }
  DeviceBytes exchange(const StepContext& step, const RandomKey& key, float divisor,
                       bool present) override;
  void encode(const StepContext& step, Cuts cuts, const RandomKey& key) override;
  void collect(std::span<std::span<const std::byte>> segments) override;
  void send_exactly(const StepContext& step) override;
  void collect_exactly(std::span<float> out) override;
  NonFiniteElement<float> first_non_finite() override;
  void factor(int round, const StepContext& step, const RandomKey& key, bool present) override;
  void collect_factor(int round, std::span<float> out) override;
  void take_average(int round, std::span<const float> average) override;
  void reconstruct() override;
  void decode(std::span<const std::span<const std::byte>> segments, Range range, std::size_t first,
              float divisor) override;
  void take_mean(std::span<const float> mean) override;
  void check_mean() override;
  bool finish_mean() override;

 private:
  /// What kernels find of a mean.
  struct Findings {
    DeviceFault fault;
    float value;
    unsigned long long first_non_finite;
    double squared_norm;
  };

  void wait();
  void clear_compressors();
  void make_messages(const Shape& shape);
  void build_owner();
  void rehearse(std::size_t ranks);
  void rehearse_between_devices(const StepContext& step, bool present);
  void rehearse_message(const StepContext& step, std::size_t ranks);
  void rehearse_factors(const StepContext& step, bool present);
  Range own_shard() const;
  std::size_t factor_elements() const;
  std::size_t on_host_elements() const;
  std::size_t most_at_once() const;
  std::size_t message_bytes() const;
  bool owns_a_shard() const;
  void rescale(DeviceFeedback& rule, float factor, bool composed);
  void exchange_by(const StepContext& step, const RandomKey& key, const DeviceRound& round);
  DeviceFault* fault() { return &findings_.span().data()->fault; }
  void compose(const StepContext& step, bool present);
  void release(const DeviceMemory& memory);
  void look_for_non_finite(const DeviceSource& x);
  void bring_findings();
  const Findings& findings() const { return host_findings_.span().front(); }
  Range factor_range(int round) const;
  DeviceSpan<float> factor_of(int round) const;
  std::span<float> factor_on_host(int round) const;

  std::string name_;
  std::size_t elements_;
  int device_;
  cuda::Stream stream_;
  Spec feedback_;
  DeviceCommunicator* communicator_;
  std::optional<DeviceNode> node_;
  DeviceGradient whole_;  // of all owners, with a node stage
  std::unique_ptr<DeviceFeedback> rule_;
  Choice choice_;
  std::unique_ptr<DeviceMessageCompressor> message_;
  std::unique_ptr<DeviceLinearCompressor> linear_;
  std::unique_ptr<DeviceLinearCompressor> before_;  // until a build that takes over its state ends
  std::unique_ptr<DeviceFeedback> owner_rule_;      // of this rank's shard, between devices
  std::unique_ptr<DeviceMessageCompressor> owner_message_;
  cuda::DeviceBuffer<float> part_;  // of the node's sum, then of the estimate
  cuda::DeviceBuffer<float> mean_;
  cuda::DeviceBuffer<float> factors_;
  cuda::PinnedBuffer<float> on_host_;  // what of the mean, or of factors, passes through the host
  cuda::DeviceBuffer<Findings> findings_;
  cuda::PinnedBuffer<Findings> host_findings_;
  OutgoingMessage outgoing_;
  IncomingMessages incoming_;
  cuda::DeviceScratch scratch_;
  DeviceLook look_;
  cuda::Event given_;

  // Of the step at hand.
  DeviceMemory memory_;
  DeviceSpan<const float> gradient_;
  DeviceSource source_;
  bool observed_ = false;   // by whoever has asked for look_
  bool decoded_ = false;    // the mean, here
  bool exchanged_ = false;  // between devices
};

}  // namespace pith
