// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <pith/compressors/linear.h>
#include <pith/compressors/scattered.h>
#include <pith/core/shape.h>
#include <pith/core/spec.h>

namespace pith {

/// ARC-Top-K: keeps the K blocks of B elements in which the mean over the ranks is largest, by a
/// sketch of it, so that the mask is the same on all ranks and only values travel.
///
///   s[j][b] = sum of v[j][i] x[b B + i] over i    round 0, for j < R
///   K blocks of largest sum over j of (mean s[j][b])^2, ties to the lowest b
///   factor = x of these blocks, then zeros        round 1
///
/// v is +-1, drawn by (seed, tensor, step). The sum over j, divided by R, estimates the block's
/// squared norm: unbiased, with variance at most 2/R of its square; it is exact for blocks of one
/// element that is not zero, so for B = 1. A last block of fewer elements counts as one.
///
/// Wire       R ceil(n/B) elements, then min(K B, n): 4 bytes each of float, 2 of 16-bit factors.
/// Error      ||C(x) - x|| <= ||x||, on each rank and of the mean: elements are kept or dropped.
///            With B = 1 that of the mean is the least of any K elements.
/// Guarantee  none: the mask follows the mean, so a rank may have nothing in it. Such parts cancel
///            between the ranks and stay in their residuals.
/// Bias       biased: use under error feedback.
/// Cost       one read of x for the sketch, in parts by threads(), one to commit; 2 R operations
///            per element, and O(R n/B + K B).
/// Memory     scratch: R B for the signs; ceil(n/B) doubles and what largest() takes of them; K B
///            indices and elements.
/// Throws     UsageError if there are 2^32 blocks or more.
/// Source     Chen et al. 2025, "An all-reduce compatible top-K compressor for
///            communication-efficient distributed learning", with rows of a matrix for blocks; the
///            sketch is that of Alon, Matias and Szegedy 1996, "The space complexity of
///            approximating the frequency moments".
template <Element T>
class ArcTopK final : public LinearCompressor<T> {
 public:
  struct Parameters {
    std::size_t kept;    ///< K, at most as many as there are
    std::size_t block;   ///< B > 0
    std::size_t sketch;  ///< R > 0
  };

  /// Factors travel as T, float16 or bfloat16.
  ArcTopK(std::size_t n, const Parameters& parameters, ElementType factors = element_type<T>);

  int rounds() const override { return 2; }
  std::size_t factor_elements(int round) const override {
    return round == 0 ? sketch_ * blocks_ : std::min(kept_ * block_, n_);
  }
  ElementType factor_type() const override { return factors_; }
  void factor(int round, Source<T>& x, const RandomKey& key, std::span<T> out,
              Scratch& scratch) override;
  const Decoded<T>& own() const override { return own_; }
  const Decoded<T>& reconstruction() const override { return averaged_; }
  Guarantee guarantee() const override { return {}; }

 private:
  void write_sketch(Source<T>& x, const Random& random, std::span<T> out, Scratch& scratch);
  void write_values(Source<T>& x, std::span<T> out, Scratch& scratch);
  std::span<const std::uint32_t> largest_blocks(Scratch& scratch) const;
  std::span<const std::size_t> draw_up_mask(Scratch& scratch) const;

  std::size_t n_;
  std::size_t block_;
  std::size_t blocks_;
  std::size_t kept_;
  std::size_t sketch_;
  ElementType factors_;
  std::span<const T> averaged_sketch_;
  Scattered<T> averaged_;
  Scattered<T> own_;
};

/// arctopk(density=D), with block=256 and sketch=1; keeps kept_elements(D, blocks) blocks.
///
/// Throws   UsageError unless density is given, in range, and sketch is at most block.
template <Element T>
std::unique_ptr<LinearCompressor<T>> make_arctopk(const Spec& spec, const Shape& shape,
                                                  ElementType factors = element_type<T>);

}  // namespace pith
