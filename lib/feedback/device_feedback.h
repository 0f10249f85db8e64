// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <pith/compressors/device_source.h>
#include <pith/core/device_span.h>
#include <pith/core/spec.h>
#include <pith/feedback/feedback.h>

namespace pith {

/// A state on a device, as StateView (state.h) has it; the values of the committed
/// step. Who writes to them waits for that before the next step.
struct DeviceStateView {
  std::string name;
  bool replicated = false;
  DeviceSpan<float> values;
  bool per_element = true;  ///< else it is the whole tensor's
  std::size_t first = 0;    ///< per element: the tensor's element that the values begin at
};

/// Feedback (feedback.h) for a tensor of floats on a device: the rule says what is composed, and
/// the kernel that encodes it composes and commits. The same bits as the host's rule. Private state
/// is double-buffered with Commit::step.
///
/// A step calls begin(), has the source encoded, and once all ranks have agreed calls accept() and
/// absorb(); a rank that takes no part calls absorb() only. All work is put into the stream of the
/// call; the calls of one instance are in order, so their streams are one, or held back.
/// Memory   that of the host's rule, on the device.
class DeviceFeedback {
 public:
  virtual ~DeviceFeedback() = default;

  /// What to send of this gradient.
  virtual DeviceSource begin(DeviceSpan<const float> gradient, const StepContext& step) = 0;

  /// The step is agreed: the next states hold from now on. Puts no work anywhere.
  virtual void accept() = 0;

  /// Takes the mean over the ranks and writes what the trainer receives, which may be the mean.
  virtual void absorb(DeviceSpan<const float> mean, DeviceSpan<float> estimate,
                      DeviceStream stream) = 0;

  /// Committed values only, until the next accept().
  virtual std::vector<DeviceStateView> states() = 0;

  /// Those that the host keeps: a number per tensor.
  virtual std::vector<StateView<float>> host_states() { return {}; }
};

/// The device's rule of that description, for n elements: none, ef14, ef21, ef21_sgdm, econtrol.
/// Its states are zero when `stream` has come so far. Throws UsageError as make_feedback(), and for
/// rules and arguments that have no device version; DeviceError without memory.
std::unique_ptr<DeviceFeedback> make_device_feedback(const Spec& spec, std::size_t n, Commit commit,
                                                     DeviceStream stream);

/// x *= a, one rounding each.
void scale(float a, DeviceSpan<float> x, DeviceStream stream);

/// x /= divisor
void divide(DeviceSpan<float> x, float divisor, DeviceStream stream);

/// *first = the lowest index of a composed element that is a NaN or an infinity, and *value what it
/// is; the size of x if all are finite. Both on the device.
void find_non_finite(const DeviceSource& x, unsigned long long* first, float* value,
                     DeviceStream stream);

/// out = all that the source composes, which is sent as it is.
void send_exactly(const DeviceSource& x, DeviceSpan<float> out, DeviceStream stream);

}  // namespace pith
