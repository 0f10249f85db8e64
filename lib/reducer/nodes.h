// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <pith/comm/communicator.h>
#include <pith/core/range.h>
#include <pith/reducer/layout.h>

namespace pith {

/// Throws UsageError if the options' node is none of its words and numbers, or node_color is
/// negative.
void check_node(const ReducerOptions& options);

/// Which ranks form nodes, and the communicators of the node stage: one of this rank's node, and
/// one of its peers, the ranks that stand in their nodes where this one stands in its.
///
/// Every tensor is cut among the first owners() ranks of a node, as many as the smallest node has.
/// In larger nodes the others own nothing; they are peers of each other and exchange empty units.
class Nodes {
 public:
  /// Every rank of `world` makes one; `options` ask for nodes.
  /// Wire     (p-1) * 16 bytes, and in each of its nodes 8 from the first rank to every other.
  Nodes(Communicator& world, const ReducerOptions& options);

  Communicator& node() { return *node_; }
  Communicator& peers() { return *peers_; }

  std::size_t ranks() const { return ranks_; }    ///< of all nodes
  std::size_t count() const { return count_; }    ///< of nodes
  std::size_t owners() const { return owners_; }  ///< in each node
  double mean_ranks() const { return static_cast<double>(ranks_) / static_cast<double>(count_); }

  /// "2 nodes of 4 ranks", "3 nodes of 2 to 4 ranks"
  std::string text() const;

  /// Counts at `world` what was sent here since the last call; returns how much within the node.
  std::uint64_t count_wire_bytes(Communicator& world);

 private:
  void meet(Communicator& world);

  std::unique_ptr<Communicator> node_;
  std::unique_ptr<Communicator> peers_;
  std::size_t ranks_;
  std::size_t count_ = 0;
  std::size_t owners_ = 0;
  std::size_t largest_ = 0;
  std::uint64_t node_counted_ = 0;
  std::uint64_t peers_counted_ = 0;
};

/// The elements of a tensor that owner `owner` of `owners` has: a matrix with so many rows is cut
/// between rows, so that its part is a matrix too; anything else anywhere. None beyond the last
/// owner.
Range part_of(const Shape& shape, std::size_t owners, std::size_t owner);

/// What one owner's engine works on: tensors and units one for one those of the whole, and perhaps
/// empty.
struct Parts {
  Parts(const std::vector<Tensor>& whole, const std::vector<UnitPlan>& whole_units,
        std::size_t owners, std::size_t owner);

  std::vector<Tensor> tensors;
  std::vector<UnitPlan> units;
};

}  // namespace pith
