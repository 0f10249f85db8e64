// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include <pith/collectives/round.h>
#include <pith/core/element.h>
#include <pith/core/scratch.h>
#include <pith/reducer/device_tensor.h>
#include <pith/reducer/gradient.h>
#include <pith/reducer/nodes.h>

namespace pith {

/// What happens within a node before and after the exchange of one element type's buckets:
///
///   before   part = sum over the node's ranks, in rank order, / (ranks / nodes)
///   after    every rank of the node receives every owner's estimates
///
/// so that to the exchange a node is one rank with a larger batch. Sums are taken in T and travel
/// as they are. With each unit travels how many of the node's ranks take part in it: the node does
/// if one does.
///
/// Wire     per rank of l, for n elements in u units, of which it owns c:
///          before (n - c + (l-1) u) s, after (l-1) c s bytes; of tensors on devices u alone, and
///          what device_node.h says
/// Steps    an all-to-all-v per bucket, an all-gather-v per step
/// Memory   2 n + c + (l (c + u) of the largest bucket) of scratch
template <Element T>
class NodeStage {
 public:
  /// `whole` are the registered tensors, `units` those of T and others.
  NodeStage(Nodes& nodes, const std::vector<Tensor>& whole, const std::vector<UnitPlan>& units);

  /// `buckets` are those of T, in the order of their exchange.
  void prepare(const std::vector<BucketPlan>& buckets);

  /// A step begins.
  void begin(Scratch& scratch);

  /// Takes a bucket's gradients over. A rank that is faulty, or not finite, gives zeros.
  void pack(std::size_t bucket, const std::vector<Given>& given, bool faulty);

  /// Of what is packed: its norm, a factor that it counts times, and what is not finite in it.
  double squared_norm() const;
  void scale(double factor);
  bool find_non_finite(std::vector<Fault>& faults) const;

  /// Sums a packed bucket over the node. Returns what this rank has as an owner, tensor by tensor;
  /// those of other buckets are what they were.
  const std::vector<Given>& reduce(std::size_t bucket, Round& round);

  /// The same memory, in which the step leaves the estimates.
  const std::vector<Given>& parts() const { return parts_; }

  /// How a tensor on devices is cut; it is summed there.
  DeviceParts device_parts(std::size_t tensor) const;

  /// Counts what devices sent within the node.
  void count_wire_bytes(std::uint64_t bytes) const { nodes_.node().count_wire_bytes(bytes); }

  /// Brings the estimates of all owners to the trainer's memory.
  void gather(const std::vector<Given>& given) const;

 private:
  struct Slot {
    std::size_t tensor;
    std::size_t unit;  // in the bucket
  };
  /// Block r of what is packed: owner r's ranges, slot by slot, then one number per unit.
  struct Bucket {
    std::vector<Slot> slots;
    std::size_t units = 0;
    std::size_t first = 0;  // of this owner's elements in sums_
    std::vector<std::size_t> out_bytes;
    std::vector<std::size_t> in_bytes;
  };

  std::size_t rank() const { return static_cast<std::size_t>(nodes_.node().rank()); }
  std::size_t ranks() const { return static_cast<std::size_t>(nodes_.node().size()); }
  Range range(std::size_t tensor, std::size_t owner) const;  // none on a device
  Bucket make_bucket(const BucketPlan& plan) const;
  std::size_t owned(const Bucket& bucket, std::size_t owner) const;
  void pack_range(const Given& given, std::size_t tensor, Range range, std::span<T> out);
  void pack_block(const Bucket& bucket, const std::vector<Given>& given, std::size_t owner,
                  std::span<T> out);
  std::span<T> sum_of(const Bucket& bucket, std::span<const T> blocks, std::span<T> counts);
  void hand_out(const Bucket& bucket, std::span<T> sum, std::span<const T> counts);
  template <class Body>
  void for_each_block(const Body& body) const;

  Nodes& nodes_;
  const std::vector<Tensor>& whole_;
  const std::vector<UnitPlan>& units_;
  std::vector<Bucket> buckets_;
  std::vector<std::size_t> gathered_bytes_;  // owner by owner, all buckets

  // Of the step at hand.
  Scratch* scratch_ = nullptr;
  std::vector<std::span<T>> packed_;  // bucket by bucket
  std::span<T> sums_;                 // of all buckets, in their order
  std::vector<Given> parts_;          // tensor by tensor
  std::optional<Fault> fault_;        // the first element that is not finite
};

}  // namespace pith
