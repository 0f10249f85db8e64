// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <pith/collectives/device_unit.h>
#include <pith/compressors/linear.h>
#include <pith/compressors/message.h>
#include <pith/feedback/feedback.h>

namespace pith {

/// What a unit cost in the last step, on this rank.
struct UnitCost {
  std::size_t message_bytes = 0;  ///< of this rank's own messages, the unit's share
  double encode_seconds = 0;      ///< compose, encode, commit
  double decode_seconds = 0;      ///< decode and sum, or reconstruct
  double exchange_seconds = 0;    ///< the unit's bucket, in the communicator
  double node_seconds = 0;        ///< of these, summing within the node
  double relative_error = -1;     ///< ||composed - sent|| / ||composed||; below 0: not measured
  double gradient_norm = -1;      ///< of this rank's, as it counts, without the loss scale
  double residual_norm = -1;      ///< ||composed - sent||, without the loss scale
};

/// What an owner's random numbers are keyed by besides its unit: "owner", for other numbers than
/// the rank's own.
inline constexpr std::uint64_t kOwnerKey = 0x6f776e6572;

/// A tensor of a unit, for messages to people.
struct Part {
  std::string_view name;
  std::size_t first = 0;  ///< where it begins in the unit
  std::size_t begin = 0;  ///< and with which of its elements
};

/// A mean that is agreed on, in messages that are there as long as the step.
template <Element T>
class PendingMean {
 public:
  /// mean = what they say; the unit's elements.
  virtual void write(std::span<T> mean) const = 0;

 protected:
  ~PendingMean() = default;  // it lies in Scratch
};

/// Looks at what a unit is about to send.
template <Element T>
class Observer {
 public:
  virtual ~Observer() = default;

  /// What observe() with that key is going to peek at, their beginnings ascending; in `scratch`.
  virtual std::span<const Range> looked_at(const RandomKey& key, Scratch& scratch) const = 0;

  /// `x` is multiplied by the loss scale. Throws nothing that it does not on all ranks.
  virtual void observe(const Peekable<T>& x, double loss_scale, const RandomKey& key,
                       Scratch& scratch) = 0;
};

/// The compressed unit (a tensor, a bucket or the whole model) as an exchange sees it: n elements,
/// where they come from, where their mean goes, and who compresses them.
template <Element T>
struct Unit {
  std::string_view name;             ///< for messages to people
  std::span<const Part> parts = {};  ///< the tensors in it, in their order; empty: it is one tensor
  std::uint64_t key = 0;             ///< hash of the name: keys random numbers
  std::uint16_t codec = 0;           ///< for the directory
  std::size_t elements = 0;
  std::size_t first = 0;        ///< where the elements begin in the unit that `parts` describe
  std::span<const T> gradient;  ///< this rank's; unused if not present
  double gradient_scale = 1;    ///< the gradient counts times this
  bool present = true;          ///< false: this rank takes no part in this step
  std::span<T> mean;            ///< result; scratch of compose() before
  bool may_wait = false;        ///< the result may be `pending` instead, known to be finite
  const PendingMean<T>* pending = nullptr;
  std::span<const std::size_t> cuts = {};  ///< of the owners' segments; empty: even ones

  Feedback<T>* feedback = nullptr;
  MessageCompressor<T>* message = nullptr;        ///< gather, sharded, sparse
  LinearCompressor<T>* linear = nullptr;          ///< linear
  Feedback<T>* owner_feedback = nullptr;          ///< sharded: of this rank's element range
  MessageCompressor<T>* owner_message = nullptr;  ///< sharded, sparse
  MessageCompressor<T>* owner_dense = nullptr;    ///< sparse: for a segment that is filled
  std::uint16_t dense_codec = 0;                  ///< of owner_dense, for the directory

  /// If the tensor lies on a device: the work of `feedback`, `message` and `linear` is done there,
  /// and the compressors tell sizes. `gradient` is empty then, and `mean` is memory that the means
  /// of raw exchanges and of this rank's shard pass through.
  DeviceUnit<T>* device = nullptr;

  Observer<T>* observer = nullptr;  ///< of the first message, on ranks that take part; or null

  UnitCost cost;
};

}  // namespace pith
