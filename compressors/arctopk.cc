// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <string>

#include <pith/compressors/arctopk.h>
#include <pith/compressors/largest.h>
#include <pith/compressors/mask.h>
#include <pith/compressors/rounding.h>
#include <pith/compressors/skinny_source.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>

namespace pith {
namespace {

constexpr std::uint64_t kMostBlocks = std::numeric_limits<std::uint32_t>::max();

std::size_t ceil_div(std::size_t n, std::size_t block) { return n / block + (n % block > 0); }

// One bit of a random word each.
template <Element T>
void draw_signs(const Random& random, std::span<T> signs) {
  constexpr std::size_t kBits = 32;
  for (std::size_t i = 0; i < signs.size(); i += kBits) {
    std::uint32_t word = random.at(i / kBits);
    for (T& sign : signs.subspan(i, std::min(kBits, signs.size() - i))) {
      sign = word % 2 == 0 ? T{1} : T{-1};
      word /= 2;
    }
  }
}

}  // namespace

template <Element T>
ArcTopK<T>::ArcTopK(std::size_t n, const Parameters& parameters, ElementType factors)
    : n_(n),
      block_(std::min(parameters.block, std::max<std::size_t>(1, n))),
      blocks_(ceil_div(n, block_)),
      kept_(std::min(parameters.kept, blocks_)),
      sketch_(parameters.sketch),
      factors_(factors) {
  if (blocks_ <= kMostBlocks) return;
  throw UsageError("arctopk: " + std::to_string(n) + " elements are 2^32 blocks of " +
                   std::to_string(block_) + " or more");
}

template <Element T>
void ArcTopK<T>::factor(int round, Source<T>& x, const RandomKey& key, std::span<T> out,
                        Scratch& scratch) {
  const Random random({key.seed, key.tensor, key.step, kSharedByRanks});
  round == 0 ? write_sketch(x, random, out, scratch) : write_values(x, out, scratch);
}

template <Element T>
void ArcTopK<T>::write_sketch(Source<T>& x, const Random& random, std::span<T> out,
                              Scratch& scratch) {
  const Scratch::Frame frame(scratch);
  const Matrix<T> signs{scratch.take<T>(sketch_ * block_), sketch_, block_};
  draw_signs(random, signs.values);
  project_rows<T>(x, signs, {out, sketch_, blocks_});
  round_to(factors_, out);
  averaged_sketch_ = out;
}

// In double, in which no square of a float is too large or too small.
template <Element T>
std::span<const std::uint32_t> ArcTopK<T>::largest_blocks(Scratch& scratch) const {
  if (kept_ == 0) return {};
  const auto norms = scratch.take<double>(blocks_);
  std::ranges::fill(norms, 0.0);
  for (std::size_t i = 0; i < averaged_sketch_.size(); i += blocks_) {
    for (std::size_t b = 0; b < blocks_; ++b) {
      const auto s = static_cast<double>(averaged_sketch_[i + b]);
      norms[b] += s * s;
    }
  }
  WholeSource<double> source(norms);
  return largest(source, kept_, scratch).indices;
}

template <Element T>
std::span<const std::size_t> ArcTopK<T>::draw_up_mask(Scratch& scratch) const {
  const auto mask = scratch.take<std::size_t>(factor_elements(1));
  const Scratch::Frame frame(scratch);
  std::size_t count = 0;
  for (const std::size_t b : largest_blocks(scratch)) {
    for (std::size_t i = b * block_; i < std::min(n_, (b + 1) * block_); ++i) mask[count++] = i;
  }
  return mask.first(count);
}

template <Element T>
void ArcTopK<T>::write_values(Source<T>& x, std::span<T> out, Scratch& scratch) {
  const auto mask = draw_up_mask(scratch);
  const auto values = out.first(mask.size());
  const auto taken = x.taken();
  std::ranges::transform(mask, values.begin(), [&](std::size_t i) { return taken[i]; });
  round_to(factors_, values);
  // The last block may be among them and have fewer elements than the others.
  std::ranges::fill(out.subspan(mask.size()), T{0});
  averaged_ = {mask, values};
  own_ = {mask, scratch.copy<T>(values)};
  tell_in_parts(x, own_);
}

template <Element T>
std::unique_ptr<LinearCompressor<T>> make_arctopk(const Spec& spec, const Shape& shape,
                                                  ElementType factors) {
  Arguments arguments(spec);
  const double density = arguments.required_number("density", 0, 1);
  const std::size_t block = arguments.integer("block", 256, 1, kMostBlocks);
  const std::size_t sketch = arguments.integer("sketch", 1, 1, block);
  arguments.finish();
  const std::size_t n = shape.elements();
  const std::size_t kept = kept_elements(density, ceil_div(n, block));
  return std::make_unique<ArcTopK<T>>(
      n, typename ArcTopK<T>::Parameters{.kept = kept, .block = block, .sketch = sketch}, factors);
}

#define PITH_INSTANTIATE(T)                                                             \
  template class ArcTopK<T>;                                                            \
  template std::unique_ptr<LinearCompressor<T>> make_arctopk(const Spec&, const Shape&, \
                                                             ElementType);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
