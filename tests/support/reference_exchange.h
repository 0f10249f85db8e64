// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <pith/compressors/linear.h>
#include <pith/compressors/message.h>
#include <pith/core/shape.h>
#include <pith/core/spec.h>
#include <pith/feedback/feedback.h>

#include "support/reference_regions.h"

namespace pith::test {

/// What is exchanged, and how, in the words of a command line.
struct ReferenceCase {
  std::string compressor = "none";
  std::string feedback = "none";
  std::string exchange = "raw";   ///< an exchange, or reduce_shards or gather_shards
  std::string tensor = "tensor";  ///< its name keys random numbers
  std::uint64_t seed = 0;
  Shape shape;
  std::size_t ranks = 1;
};

/// What a step of all ranks gives, for the real exchanges to be compared with: all ranks in one
/// place, one after the other, every vector dense, no message, no communicator, no code of
/// collectives/. It knows compressors and rules by their seams and what the documentation says of
/// the order of things; sums are taken in rank order in the element type.
///
/// Bitwise what gather, sharded and sparse must give. Raw and linear sums are the back end's, in
/// its own order, so those are near it.
template <Element T>
class ReferenceExchange {
 public:
  explicit ReferenceExchange(const ReferenceCase& what);

  /// One step: every rank's gradient in, the estimate that all ranks must receive out. In
  /// gather_shards every rank gives its shard; in reduce_shards it receives that of the estimate.
  std::vector<T> step(const std::vector<std::vector<T>>& gradients, const StepContext& context);

  /// A rank's states, for a test to set: those of its rule, of its linear compressor, and, named
  /// "owner_...", of the rule that it applies as the owner of its shard.
  std::vector<StateView<T>> states(std::size_t rank);

 private:
  using Vector = std::vector<T>;

  struct Rank {
    std::unique_ptr<Feedback<T>> rule;
    std::unique_ptr<MessageCompressor<T>> message;
    std::vector<std::unique_ptr<LinearCompressor<T>>> linear;  // message by message, or none
    std::vector<std::unique_ptr<Feedback<T>>> owner_rule;      // likewise
    std::unique_ptr<MessageCompressor<T>> owner_message;
    Vector memory;    // a rule may compose in it and look at it again in commit()
    Vector composed;  // what the rule wants to send
  };

  Rank make_rank(std::size_t rank) const;
  void compose(const Vector& gradient, const Guarantee& guarantee, bool exact, Rank& rank);
  RandomKey key(std::size_t rank, bool owner) const;
  std::size_t cut(std::size_t segment) const;

  Vector mean_of(const std::vector<Vector>& gradients);
  Vector mean_of_raw(const std::vector<Vector>& gradients);
  Vector mean_of_messages(const std::vector<Vector>& gradients, bool cut_in_shards);
  Vector recompressed(const Vector& mean);
  Vector gathered(const std::vector<Vector>& shards);
  Vector sent_of_shard(std::size_t rank, const Vector& shard, Feedback<T>& rule, int number,
                       MessageCompressor<T>* message);
  Vector mean_of_entries(const std::vector<Vector>& gradients);
  Vector survivors(const Vector& mean, const std::vector<Support>& supports) const;
  void commit_surviving(const Vector& mean, const std::vector<Vector>& sent);
  Vector mean_of_linear(const std::vector<Vector>& gradients);
  void average(std::vector<Vector>& factors, ElementType type) const;

  ReferenceCase what_;
  std::size_t n_;
  std::vector<Rank> ranks_;
  StepContext context_;  // of the step at hand, as is:
  std::size_t message_ = 0;
};

}  // namespace pith::test
