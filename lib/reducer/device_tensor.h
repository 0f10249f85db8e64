// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <pith/collectives/device_unit.h>
#include <pith/core/shape.h>
#include <pith/core/spec.h>
#include <pith/feedback/device_feedback.h>
#include <pith/reducer/choice.h>
#include <pith/reducer/gradient.h>

namespace pith {

/// A unit that is one tensor on a device, computed in float, as the engine drives it through a
/// step: stage(), what the exchanges do, then accept() and give(); or whatever comes next if the
/// step counts nowhere.
class DeviceTensor : public DeviceUnit<float> {
 public:
  /// Builds the compressor of a choice for this tensor, and takes what memory a step needs that is
  /// exchanged by so many ranks; rules stay. Throws UsageError for what has no device version;
  /// DeviceError, after which it is to be built again, and nothing is lost.
  virtual void build(const Choice& choice, const Shape& shape, std::size_t ranks) = 0;

  /// This step's gradient, or memory for the estimate alone if nothing was pushed.
  virtual void stage(const DeviceMemory& memory, bool pushed) = 0;

  /// Behind stage(): puts the gradient's squared norm into the stream; then waits for it. In
  /// double, and as close to the host's as device_norm.h says.
  virtual void begin_norm() = 0;
  virtual double squared_norm() = 0;

  /// With a node stage, behind stage(): the gradient, times `factor`, becomes this rank's part of
  /// the sum over the node, divided by the ranks of a node. Returns the bytes counted at the
  /// devices' communicator.
  virtual std::uint64_t sum_in_node(bool pushed, double factor) = 0;

  /// The step is agreed. `present`: this rank took part.
  virtual void accept(bool present) = 0;

  /// After accept(): replicated states, and those of which nothing was composed in this step, count
  /// times this.
  virtual void rescale(double factor, bool present) = 0;

  /// memory = the estimate, of all owners, before what the trainer puts into its stream from now
  /// on. Returns as sum_in_node().
  virtual std::uint64_t give() = 0;

  /// The step counts nowhere: waits until nothing reads the trainer's memory any more.
  virtual void give_up() = 0;

  /// memory = NaN, likewise, whether it was staged or not.
  virtual void fill_with_nan(const DeviceMemory& memory) = 0;

  /// Of the rules and the compressor; and what of them the host keeps.
  virtual std::vector<DeviceStateView> states() = 0;
  virtual std::vector<StateView<float>> host_states() = 0;
};

/// How a tensor is cut within a node.
struct DeviceParts {
  std::vector<Range> of_rank;  ///< the elements that each rank of the node owns
  double mean_ranks = 1;       ///< ranks of all nodes over their number
};

/// Where tensors on devices are worked on: this library knows it by its name only, so that a
/// trainer without GPUs needs no CUDA. device_backend() of <pith/reducer/device_backend.h> makes
/// one.
class DeviceBackend {
 public:
  virtual ~DeviceBackend() = default;

  /// The calling thread works on the tensors' device from now on. Otherwise every call below
  /// chooses it and goes back to the thread's own, where the process may have no other business.
  virtual void use_device() const = 0;

  /// Whether tensors are exchanged between the devices.
  virtual bool goes_between_devices() const = 0;

  /// A tensor of so many elements, which the trainer has as `type` (not float64), under a rule, on
  /// the device that was current when this backend was first asked for anything. Throws UsageError
  /// for what has no device version, DeviceError.
  /// With a node stage it is this rank's part of a tensor that is cut as `parts` says.
  virtual std::unique_ptr<DeviceTensor> make_tensor(const std::string& name, ElementType type,
                                                    std::size_t elements, const Spec& feedback,
                                                    const DeviceParts* parts) const = 0;

  /// What is wrong with a node stage of these ranks, or nothing.
  virtual std::string node_problem(int rank, int size) const = 0;

  /// Throws UsageError if that choice has no device version for tensors of this shape.
  virtual void check(const Choice& choice, const Shape& shape) const = 0;

  /// Where the stream is now. Throws UsageError unless the values are memory of the tensors'
  /// device, and the stream one of it.
  virtual std::shared_ptr<const DeviceMark> mark(const DeviceMemory& memory) const = 0;

  /// Copies, and waits. Throw as mark(), beginning with `what`.
  virtual void read(const std::string& what, DeviceSpan<const float> from, std::span<float> to,
                    DeviceStream stream) const = 0;
  virtual void write(const std::string& what, std::span<const float> from, DeviceSpan<float> to,
                     DeviceStream stream) const = 0;
};

}  // namespace pith
