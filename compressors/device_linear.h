// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>

#include <pith/compressors/device_message.h>
#include <pith/compressors/device_source.h>
#include <pith/compressors/linear.h>
#include <pith/core/device_span.h>
#include <pith/core/element.h>
#include <pith/core/random.h>
#include <pith/core/shape.h>
#include <pith/core/spec.h>
#include <pith/cuda/device_scratch.h>

namespace pith {

/// LinearCompressor (linear.h) for tensors of floats on a device. From the same averages the same
/// reconstruction and the same state as on the host, bit for bit, so a tensor may lie in the host's
/// memory on one rank and on a device on another. All work is put into `stream`, in one order for
/// all calls of an instance; no call waits for it.
///
/// One instance per tensor. A step calls, in this order, for each round: factor(), the average over
/// the ranks into the same span; then reconstruct(); and accept() if the step is committed.
/// Throws   DeviceError; the step must not be committed then.
class DeviceLinearCompressor {
 public:
  virtual ~DeviceLinearCompressor() = default;

  /// The host's compressor of the same factors.
  virtual const LinearCompressor<float>& host() const = 0;

  int rounds() const { return host().rounds(); }

  /// Elements of the factor of a round; the same on every rank.
  std::size_t factor_elements(int round) const { return host().factor_elements(round); }

  /// What a factor's elements travel as: float32, or what factor() has already rounded them to.
  ElementType factor_type() const { return host().factor_type(); }

  Guarantee guarantee() const { return host().guarantee(); }

  /// Writes this rank's factor of x to `out`. The average over the ranks is written over it and
  /// must stay there until the step ends. x is the same in all rounds, and committed as sent in the
  /// last one at the latest; what is needed until the step ends is taken from `scratch`. An element
  /// that is not finite is noted in `fault` in round 0; what was written is worth nothing then.
  virtual void factor(int round, const DeviceSource& x, const RandomKey& key, DeviceSpan<float> out,
                      DeviceFault* fault, cuda::DeviceScratch& scratch, DeviceStream stream) = 0;

  /// mean = what the averaged factors stand for, all of it. Until the step ends.
  virtual void reconstruct(DeviceSpan<float> mean, DeviceStream stream) const = 0;

  /// The step is committed: what it changed (a warm start) becomes the state.
  virtual void accept(DeviceStream /*stream*/) {}

  /// Takes over what fits of the committed state of `before`, as on the host.
  virtual void start_from(const DeviceLinearCompressor& /*before*/, DeviceStream /*stream*/) {}

  /// The committed state, replicated, for checkpoints; empty for most.
  virtual DeviceSpan<float> state() const { return {}; }
};

/// The device's compressor of that description: randomk, lowrank, cast, and the first two with a
/// cast of their factors. Its state is zero when `stream` has come so far. Throws UsageError as
/// make_linear(), for what has no device version, and for 2^32 elements or more.
std::unique_ptr<DeviceLinearCompressor> make_device_linear(const Pipeline& pipeline,
                                                           const Shape& shape, DeviceStream stream);

}  // namespace pith
