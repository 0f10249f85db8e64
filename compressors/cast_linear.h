// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include <pith/compressors/linear.h>
#include <pith/core/shape.h>
#include <pith/core/spec.h>

namespace pith {

/// Numbers in 16 bits: what the others see of a rank's own.
template <Element T>
class Narrowed final : public Decoded<T> {
 public:
  explicit Narrowed(ElementType type, std::span<const std::byte> numbers = {})
      : type_(type), numbers_(numbers) {}

  void axpy(T a, std::size_t first, std::span<T> y) const override;

 private:
  ElementType type_;
  std::span<const std::byte> numbers_;
};

/// The tensor itself in 16 bits, for the linear exchange.
///
///   factor[i] = x[i] rounded to float16 or bfloat16 (rounding.h)
///
/// Wire    2 n bytes in one round.
/// Error   that of round_to(); contracts with alpha = rounding_contraction(type).
/// Bias    deterministic, so biased.
/// Cost    one read of x, in parts by threads(). Memory: n 16-bit numbers of scratch.
template <Element T>
class CastLinear final : public LinearCompressor<T> {
 public:
  CastLinear(std::size_t n, ElementType type) : n_(n), type_(type), own_(type) {}

  int rounds() const override { return 1; }
  std::size_t factor_elements(int) const override { return n_; }
  ElementType factor_type() const override { return type_; }
  void factor(int round, Source<T>& x, const RandomKey& key, std::span<T> out,
              Scratch& scratch) override;
  const Decoded<T>& own() const override { return own_; }
  const Decoded<T>& reconstruction() const override { return averaged_; }
  Guarantee guarantee() const override;

 private:
  std::size_t n_;
  ElementType type_;
  ExactlySent<T> averaged_;
  Narrowed<T> own_;
};

/// cast(fp16) or cast(bf16). Throws UsageError for anything else.
template <Element T>
std::unique_ptr<LinearCompressor<T>> make_cast_linear(const Spec& spec, const Shape& shape);

}  // namespace pith
