// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <pith/compressors/linear.h>
#include <pith/compressors/lowrank_shape.h>
#include <pith/compressors/product.h>
#include <pith/core/spec.h>

namespace pith {

/// PowerSGD: the best that one power iteration finds of rank r, warm-started from the step before.
///
///   P = mean of M Q      round 0, Q orthonormal
///   P = orth(P)
///   Q = mean of M^T P    round 1
///   C(M) = P Q^T = P P^T mean M,    own part P (own Q)^T
///
/// C depends on the span of Q alone, so the state, the Q of the last committed step, is kept as it
/// came from the average and orthonormalised when it is used. It is zero at first, and zero or
/// dependent columns become random directions, the same on every rank: orthonormalise.h.
///
/// Shapes     M: rows x columns of the tensor's shape; r = min(rows, columns, rank).
/// Wire       r rows, then r columns elements: 4 bytes each for float, 2 for 16-bit factors.
/// Error      ||C(M) - M|| <= ||M||, as P P^T is a projection; 0 for matrices of rank <= r whose
///            row space Q meets (a random one does), and always if r is rows or columns.
/// Guarantee  contraction 1 if r is rows or columns, else none: feedback measures it.
/// Bias       biased: use under error feedback.
/// Cost       two reads of M, each in parts by threads(): in round 0 some rows are multiplied once
///            they are composed, in round 1 blocks of 256 rows are summed; 4 rows columns r
///            operations for the factors, 2 for each reconstruction; about 4 r^2 (rows + columns)
///            for the two orthonormalisations.
/// Memory     r columns of state; r (rows + columns) of scratch, r columns more in round 0; with
///            several threads r columns more in round 1 for every 256 rows.
/// Throws     UsageError if the shape has fewer than two dimensions or rank is 0.
/// Source     Vogels, Karimireddy and Jaggi 2019, "PowerSGD: practical low-rank gradient
///            compression for distributed optimization".
template <Element T>
class LowRank final : public LinearCompressor<T> {
 public:
  enum class Start { warm, cold };

  /// `cold` draws Q anew in every step and has no state. Factors travel as T, float16 or bfloat16.
  LowRank(const Shape& shape, std::size_t rank, Start start = Start::warm,
          ElementType factors = element_type<T>);

  int rounds() const override { return 2; }
  std::size_t factor_elements(int round) const override {
    return shape_.rank * (round == 0 ? shape_.rows : shape_.columns);
  }
  ElementType factor_type() const override { return factors_; }
  void factor(int round, Source<T>& x, const RandomKey& key, std::span<T> out,
              Scratch& scratch) override;
  const Decoded<T>& own() const override { return own_; }
  const Decoded<T>& reconstruction() const override { return averaged_; }

  /// Keeps the averaged Q, unless it overflowed.
  void accept() override;

  /// Of a warm one of another rank the first columns of Q, as many as both have.
  void start_from(const LinearCompressor<T>& before) override;

  /// "q": r x columns, replicated.
  std::vector<StateView<T>> states() override;
  Guarantee guarantee() const override;

  const LowRankShape& shape() const { return shape_; }
  Start start() const { return start_; }

  /// Where the random directions of P begin; those of Q begin at 0.
  static constexpr std::uint64_t kLeftBlocks = std::uint64_t{1} << 63;

 private:
  void left_factor(Source<T>& x, const Random& random, std::span<T> out, Scratch& scratch);
  void right_factor(Source<T>& x, const Random& random, std::span<T> out, Scratch& scratch);

  LowRankShape shape_;
  Start start_;
  ElementType factors_;
  std::vector<T> state_;           // empty if cold
  std::span<const T> averaged_p_;  // as it came
  Product<T> averaged_;            // of the orthonormal P, as is
  Product<T> own_;
};

/// lowrank(rank=R), with warm=true (default) or false.
template <Element T>
std::unique_ptr<LinearCompressor<T>> make_lowrank(const Spec& spec, const Shape& shape,
                                                  ElementType factors = element_type<T>);

}  // namespace pith
