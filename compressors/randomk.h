// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <pith/compressors/linear.h>
#include <pith/compressors/scattered.h>
#include <pith/core/shape.h>
#include <pith/core/spec.h>

namespace pith {

/// Keeps k elements that are drawn anew in every step, the same on all ranks, so that only their
/// values travel.
///
///   factor[i] = s x[mask[i]],  mask = draw_mask(n, k) keyed by (seed, tensor, step)
///
/// s = 1, or n/k for `unbiased`, which makes E C(x) = x. Not under error feedback then: the
/// residual of a kept element would be 1 - n/k times what it was.
///
/// Wire    k elements in one round: 4 k bytes of float, 2 k of 16-bit factors.
/// Error   E ||C(x) - x||^2 = (1 - k/n) ||x||^2; unbiased: (n/k - 1) ||x||^2. 16-bit factors add
///         that of round_to() on what is kept.
/// Cost    one read of x, in parts by threads(), and O(k). Memory: k indices and k elements of
///         scratch, 6 k indices at most.
/// Source  Wangni et al. 2018, "Gradient sparsification for communication-efficient distributed
///         optimization"; Stich et al. 2018, "Sparsified SGD with memory" (without s).
template <Element T>
class RandomK final : public LinearCompressor<T> {
 public:
  enum class Scale { none, unbiased };

  /// Keeps min(k, n) of n elements, at least one, as `factors`: T, float16 or bfloat16.
  RandomK(std::size_t n, std::size_t k, Scale scale = Scale::none,
          ElementType factors = element_type<T>);

  int rounds() const override { return 1; }
  std::size_t factor_elements(int) const override { return k_; }
  ElementType factor_type() const override { return factors_; }
  void factor(int round, Source<T>& x, const RandomKey& key, std::span<T> out,
              Scratch& scratch) override;
  const Decoded<T>& own() const override { return own_; }
  const Decoded<T>& reconstruction() const override { return averaged_; }
  Guarantee guarantee() const override;

  /// s
  T scale() const { return scale_ == Scale::none ? T{1} : static_cast<T>(n_) / static_cast<T>(k_); }

 private:
  std::size_t n_;
  std::size_t k_;
  Scale scale_;
  ElementType factors_;
  Scattered<T> averaged_;
  Scattered<T> own_;
};

/// randomk(density=D) or randomk(k=K), with scale=none (default) or unbiased; D keeps
/// kept_elements(D, n).
///
/// Throws   UsageError unless exactly one of density and k is given, in range.
template <Element T>
std::unique_ptr<LinearCompressor<T>> make_randomk(const Spec& spec, const Shape& shape,
                                                  ElementType factors = element_type<T>);

}  // namespace pith
