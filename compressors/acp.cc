// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <limits>

#include <pith/compressors/acp.h>
#include <pith/compressors/finite.h>
#include <pith/compressors/orthonormalise.h>
#include <pith/compressors/rounding.h>
#include <pith/compressors/skinny_source.h>
#include <pith/core/arguments.h>

namespace pith {

template <Element T>
Acp<T>::Acp(const Shape& shape, std::size_t rank, ElementType factors)
    : shape_("acp", shape, rank),
      factors_(factors),
      basis_(shape_.rank * std::max(shape_.rows, shape_.columns)) {}

template <Element T>
void Acp<T>::factor(int, Source<T>& x, const RandomKey& key, std::span<T> out, Scratch& scratch) {
  const auto last = std::span<const T>(basis_).first(shape_.rank * basis_length());
  const Matrix<T> basis{scratch.copy(last), shape_.rank, basis_length()};
  orthonormalise(basis, Random({key.seed, key.tensor, key.step, kSharedByRanks}));
  multiply(x, basis, out, scratch);
  round_to(factors_, out);
  factor_ = out;
  averaged_ = product(basis, out);
  own_ = product(basis, scratch.copy(factor_));
  tell_in_parts(x, own_);
}

template <Element T>
void Acp<T>::multiply(Source<T>& x, Matrix<const T> basis, std::span<T> out,
                      Scratch& scratch) const {
  if (left_is_due()) return project_rows<T>(x, basis, {out, shape_.rank, shape_.rows});
  project_columns<T>(x, basis, {out, shape_.rank, shape_.columns}, scratch);
  // What is not finite shows in the sums, so that rows need not be looked at one by one.
  if (!all_finite<T>(out)) check_finite(x.taken());
}

template <Element T>
Product<T> Acp<T>::product(Matrix<const T> basis, std::span<const T> factor) const {
  if (left_is_due()) return {{factor, shape_.rank, shape_.rows}, basis};
  return {basis, {factor, shape_.rank, shape_.columns}};
}

template <Element T>
void Acp<T>::accept() {
  if (!all_finite(factor_)) return;
  due_ = left_is_due() ? 1 : 0;
  std::ranges::copy(factor_, basis_.begin());
}

template <Element T>
void Acp<T>::start_from(const LinearCompressor<T>& before) {
  const auto* other = dynamic_cast<const Acp*>(&before);
  if (!other || other->shape_.rows != shape_.rows || other->shape_.columns != shape_.columns)
    return;
  due_ = other->due_;
  const std::size_t common = std::min(shape_.rank, other->shape_.rank) * basis_length();
  std::copy_n(other->basis_.begin(), common, basis_.begin());
}

template <Element T>
std::vector<StateView<T>> Acp<T>::states() {
  StateView<T> basis{
      .name = "basis", .scope = Scope::replicated, .values = basis_, .per_element = false};
  StateView<T> due{
      .name = "due", .scope = Scope::replicated, .values = {&due_, 1}, .per_element = false};
  return {std::move(basis), std::move(due)};
}

template <Element T>
std::unique_ptr<LinearCompressor<T>> make_acp(const Spec& spec, const Shape& shape,
                                              ElementType factors) {
  Arguments arguments(spec);
  const std::size_t rank =
      arguments.integer("rank", 0, 1, std::numeric_limits<std::uint32_t>::max());
  arguments.finish();
  return std::make_unique<Acp<T>>(shape, rank, factors);
}

#define PITH_INSTANTIATE(T) \
  template class Acp<T>;    \
  template std::unique_ptr<LinearCompressor<T>> make_acp(const Spec&, const Shape&, ElementType);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
