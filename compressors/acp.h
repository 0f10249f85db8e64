// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <pith/compressors/linear.h>
#include <pith/compressors/lowrank_shape.h>
#include <pith/compressors/product.h>
#include <pith/core/spec.h>

namespace pith {

/// ACP-SGD: PowerSGD with one half of its power iteration, and one average, per step.
///
///   P is due:   Q = orth(Q),  P = mean of M Q,    C(M) = P Q^T = mean M Q Q^T
///   Q is due:   P = orth(P),  Q = mean of M^T P,  C(M) = P Q^T = P P^T mean M
///
/// with own parts of the own factor. P is due first and then, step by step that is committed, Q and
/// P in turn. The factor of the last step, as it came from the average, is the basis of the next
/// one, orthonormalised there. It is zero at first, and zero or dependent vectors become random
/// directions, the same on every rank: orthonormalise.h.
///
/// Shapes     M: rows x columns of the tensor's shape; r = min(rows, columns, rank).
/// Wire       one round: r rows elements if P is due, else r columns: 4 bytes each for float, 2 for
///            16-bit factors. Two steps send what lowrank sends in one.
/// Error      ||C(M) - M|| <= ||M||, as Q Q^T and P P^T are projections; 0 for matrices of rank
///            <= r that have the basis's span, as the second of two steps of one matrix has.
/// Guarantee  none: M may be orthogonal to the basis. Feedback measures it.
/// Bias       biased: use under error feedback.
/// Cost       a read of M to multiply, in parts by threads(), some rows once they are composed, and
///            one to commit; 2 rows columns r operations for the factor, 2 for each reconstruction;
///            about 4 r^2 rows or columns for the orthonormalisation.
/// Memory     r max(rows, columns) + 1 of state; r (rows + columns) of scratch; with several
///            threads and Q due r columns more for every 256 rows.
/// Throws     UsageError if the shape has fewer than two dimensions or rank is 0.
/// Source     Zhang et al. 2023, "Evaluation and optimization of gradient compression for
///            distributed deep learning".
template <Element T>
class Acp final : public LinearCompressor<T> {
 public:
  /// Factors travel as T, float16 or bfloat16.
  Acp(const Shape& shape, std::size_t rank, ElementType factors = element_type<T>);

  int rounds() const override { return 1; }

  /// Of the factor that is due: changes with accept().
  std::size_t factor_elements(int) const override {
    return shape_.rank * (left_is_due() ? shape_.rows : shape_.columns);
  }
  ElementType factor_type() const override { return factors_; }
  void factor(int round, Source<T>& x, const RandomKey& key, std::span<T> out,
              Scratch& scratch) override;
  const Decoded<T>& own() const override { return own_; }
  const Decoded<T>& reconstruction() const override { return averaged_; }

  /// Keeps the averaged factor, and the other one is due, unless it overflowed.
  void accept() override;

  /// Of one of another rank the first vectors of the basis, as many as both have, and what is due.
  void start_from(const LinearCompressor<T>& before) override;

  /// "basis": the last factor, r rows or r columns elements of as many as the larger has; "due": 0
  /// if P is due, else 1. Both replicated.
  std::vector<StateView<T>> states() override;
  Guarantee guarantee() const override { return {}; }

 private:
  bool left_is_due() const { return due_ == T{0}; }
  std::size_t basis_length() const { return left_is_due() ? shape_.columns : shape_.rows; }
  void multiply(Source<T>& x, Matrix<const T> basis, std::span<T> out, Scratch& scratch) const;
  Product<T> product(Matrix<const T> basis, std::span<const T> factor) const;

  LowRankShape shape_;
  ElementType factors_;
  std::vector<T> basis_;
  T due_ = 0;
  std::span<const T> factor_;  // as it came
  Product<T> averaged_;
  Product<T> own_;
};

/// acp(rank=R)
template <Element T>
std::unique_ptr<LinearCompressor<T>> make_acp(const Spec& spec, const Shape& shape,
                                              ElementType factors = element_type<T>);

}  // namespace pith
