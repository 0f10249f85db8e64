// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <pith/collectives/device_unit.h>
#include <pith/core/shape.h>
#include <pith/core/spec.h>
#include <pith/feedback/device_feedback.h>
#include <pith/reducer/choice.h>
#include <pith/reducer/gradient.h>

namespace pith {

/// A unit that is one tensor of floats on a device, as the engine drives it through a step:
/// stage(), what the exchanges do, then accept() and give(); or whatever comes next if the step
/// counts nowhere.
class DeviceTensor : public DeviceUnit<float> {
 public:
  /// Builds the compressor of a choice for this tensor; rules stay. Throws UsageError for what has
  /// no device version.
  virtual void build(const Choice& choice, const Shape& shape) = 0;

  /// This step's gradient, or memory for the estimate alone.
  virtual void stage(const DeviceMemory& memory) = 0;

  /// The step is agreed. `present`: this rank took part.
  virtual void accept(bool present) = 0;

  /// After accept(): replicated states, and those of which nothing was composed in this step, count
  /// times this.
  virtual void rescale(double factor, bool present) = 0;

  /// memory = the estimate, before what the trainer puts into its stream from now on.
  virtual void give() = 0;

  /// memory = NaN, likewise, whether it was staged or not.
  virtual void fill_with_nan(const DeviceMemory& memory) = 0;

  virtual std::vector<DeviceStateView> states() = 0;
};

/// Where tensors on devices are worked on: this library knows it by its name only, so that a
/// trainer without GPUs needs no CUDA. device_backend() of <pith/reducer/device_backend.h> makes
/// one.
class DeviceBackend {
 public:
  virtual ~DeviceBackend() = default;

  /// Whether tensors are exchanged between the devices.
  virtual bool goes_between_devices() const = 0;

  /// A tensor of so many floats on this thread's current device, under a rule. Throws UsageError
  /// for what has no device version, DeviceError.
  virtual std::unique_ptr<DeviceTensor> make_tensor(const std::string& name, std::size_t elements,
                                                    const Spec& feedback) const = 0;

  /// Throws UsageError if that choice has no device version for tensors of this shape.
  virtual void check(const Choice& choice, const Shape& shape) const = 0;

  /// Where the stream is now. Throws UsageError, beginning with `what`, unless the values are
  /// memory of this thread's current device, and the stream one of it.
  virtual std::shared_ptr<const DeviceMark> mark(const std::string& what,
                                                 const DeviceMemory& memory) const = 0;

  /// Copies, and waits. Throw as mark().
  virtual void read(const std::string& what, const DeviceMemory& memory,
                    std::span<float> values) const = 0;
  virtual void write(const std::string& what, std::span<const float> values,
                     const DeviceMemory& memory) const = 0;
};

}  // namespace pith
