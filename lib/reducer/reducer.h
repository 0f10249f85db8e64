// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/core/device_span.h>
#include <pith/core/element.h>
#include <pith/core/half.h>
#include <pith/core/shape.h>
#include <pith/core/state.h>
#include <pith/feedback/device_feedback.h>
#include <pith/reducer/options.h>
#include <pith/reducer/statistics.h>

namespace pith {

/// What a data-parallel trainer holds instead of its all-reduce.
///
///   Reducer reducer(world, {.compressor = "topk(density=0.01)"});
///   for (auto& p : parameters) reducer.add(p.name, p.shape);
///   reducer.broadcast(parameters);                       // replicas start equal, checked
///   for (...) {
///     reducer.begin({.learning_rate = lr});              // optional: push() starts exchanges
///     for (auto& p : parameters) reducer.push(p.name, p.gradient);   // any order, in backward
///     reducer.wait();                                    // p.gradient: same bits on every rank
///   }
///
/// Every rank makes the same calls; only the order of push() and skip() within a step is free. A
/// mistake on one rank becomes the same error on every rank at wait(), and no state changes.
///
/// Throws   UsageError: wrong options, names, shapes, calls; DeviceError: a device has no memory,
///          or fails; WireError: a damaged message (all of them leave every state as it was; with
///          Commit::inplace a WireError makes further steps throw); TransportError: the
///          communication failed, end the job.
/// Memory   states of the rules (docs/algorithms.md), one copy of all gradients as scratch,
///          messages.
class Reducer {
 public:
  /// `communicator` must outlive the reducer.
  explicit Reducer(Communicator& communicator, ReducerOptions options = {});
  ~Reducer();
  Reducer(const Reducer&) = delete;
  Reducer& operator=(const Reducer&) = delete;

  /// Registers a tensor. Before the first broadcast(), wait() or states(); the same order on all
  /// ranks. A name given twice or none at all, and float64 on a device, are mistakes that
  /// broadcast() and wait() throw. Gradients in 16 bits are computed with in float and rounded
  /// once, when they are given back.
  void add(std::string_view name, const Shape& shape, ElementType type = ElementType::float32,
           Space space = Space::host);

  /// Replaces the parameter by rank 0's and checks by digest that all ranks now hold the same.
  void broadcast(std::string_view name, std::span<float> values);
  void broadcast(std::string_view name, std::span<double> values);

  void broadcast(std::string_view name, DeviceSpan<float> values, DeviceStream stream);

  /// The same for everything in a range whose elements have a `name` and contiguous `values`.
  template <class Parameters>
  void broadcast(Parameters&& parameters) {
    for (auto& parameter : parameters) broadcast(parameter.name, std::span(parameter.values));
  }

  /// Opens a step before its first gradient is there, so that push() can start: as soon as all
  /// tensors of a bucket are given, the bucket is encoded and exchanged on a thread of its own,
  /// while the trainer computes the gradients of the next. Buckets go in the same order on every
  /// rank, whatever the order of push(); results have the bits that they have without begin().
  ///
  /// Where that cannot be, all is done in wait() and a log line says why: progress is none; the
  /// communicator is not concurrent() (MPI without MPI_THREAD_MULTIPLE); clip, Commit::inplace and
  /// Divisor::participants need all gradients first. Ranks need not do the same.
  ///
  /// From begin() to wait(): no other call of this reducer but push(), skip() and fail(), which
  /// throw UsageError, and none of its communicator. A reducer that ends in between, as when
  /// backward throws, leaves the others waiting for it, as a rank that ends does; until it has
  /// ended it reads what was pushed, so declare it after the gradients.
  void begin(const StepOptions& step = {});

  /// Hands over this rank's gradient. The memory must stay, unchanged, until wait() has returned,
  /// which writes the estimate over it.
  void push(std::string_view name, std::span<float> gradient);
  void push(std::string_view name, std::span<double> gradient);
  void push(std::string_view name, std::span<Half> gradient);
  void push(std::string_view name, std::span<BFloat16> gradient);
  /// On a device: what is in `stream` now completes the gradient, and what comes there behind
  /// wait() sees the estimate; the host waits for neither.
  void push(std::string_view name, DeviceSpan<float> gradient, DeviceStream stream);
  void push(std::string_view name, DeviceSpan<Half> gradient, DeviceStream stream);
  void push(std::string_view name, DeviceSpan<BFloat16> gradient, DeviceStream stream);

  /// This rank has no gradient for the tensor in this step: it sends nothing for it and keeps its
  /// state. `estimate` receives what the others' gradients give, so that replicas stay equal. With
  /// a node stage it adds zeros to its node's sum, and it is the node that keeps its state, if all
  /// of its ranks skip.
  void skip(std::string_view name, std::span<float> estimate);
  void skip(std::string_view name, std::span<double> estimate);
  void skip(std::string_view name, std::span<Half> estimate);
  void skip(std::string_view name, std::span<BFloat16> estimate);
  void skip(std::string_view name, DeviceSpan<float> estimate, DeviceStream stream);
  void skip(std::string_view name, DeviceSpan<Half> estimate, DeviceStream stream);
  void skip(std::string_view name, DeviceSpan<BFloat16> estimate, DeviceStream stream);

  /// Says that this rank cannot go on with the step, for a reason of its own (its data ran out, its
  /// loss is no number): wait() throws UsageError with the reason on every rank, and no state
  /// changes.
  void fail(const std::string& reason);

  /// Exchanges everything that was pushed and replaces every gradient by its estimate, on all ranks
  /// or on none. After begin(), `step` is left out or the same.
  StepResult wait(const StepOptions& step = {});

  Statistics statistics() const;

  /// Every state of every rule and compressor, owners' too, also before the first step,
  /// named "tensor/state". The first call before any broadcast() or wait() compares the
  /// registration: every rank makes it.
  template <Element T>
  std::vector<StateView<T>> states();

  /// Those of tensors on devices, on the device. As states(), among which is what the host keeps of
  /// them: learning rates, and owners' states where shards are summed by the host.
  std::vector<DeviceStateView> device_states();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pith
