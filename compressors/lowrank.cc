// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include <pith/compressors/lowrank.h>
#include <pith/compressors/orthonormalise.h>
#include <pith/compressors/rounding.h>
#include <pith/compressors/skinny_source.h>
#include <pith/core/arguments.h>
#include <pith/core/vector.h>

namespace pith {

template <Element T>
LowRank<T>::LowRank(const Shape& shape, std::size_t rank, Start start, ElementType factors)
    : shape_("lowrank", shape, rank), start_(start), factors_(factors) {
  if (start == Start::warm) state_.resize(shape_.rank * shape_.columns);
}

template <Element T>
void LowRank<T>::factor(int round, Source<T>& x, const RandomKey& key, std::span<T> out,
                        Scratch& scratch) {
  const Random random({key.seed, key.tensor, key.step, kSharedByRanks});
  round == 0 ? left_factor(x, random, out, scratch) : right_factor(x, random, out, scratch);
}

template <Element T>
void LowRank<T>::left_factor(Source<T>& x, const Random& random, std::span<T> out,
                             Scratch& scratch) {
  const Scratch::Frame frame(scratch);
  const Matrix<T> q{scratch.take<T>(shape_.rank * shape_.columns), shape_.rank, shape_.columns};
  std::ranges::fill(q.values, T{0});
  std::ranges::copy(state_, q.values.begin());
  orthonormalise(q, random);
  project_rows<T>(x, q, {out, shape_.rank, shape_.rows});
  round_to(factors_, out);
  averaged_p_ = out;
}

template <Element T>
void LowRank<T>::right_factor(Source<T>& x, const Random& random, std::span<T> out,
                              Scratch& scratch) {
  const Matrix<T> p{scratch.copy(averaged_p_), shape_.rank, shape_.rows};
  orthonormalise(p, random, kLeftBlocks);
  WholeSource<T> taken(x.taken());
  project_columns<T>(taken, p, {out, shape_.rank, shape_.columns}, scratch);
  round_to(factors_, out);
  averaged_ = {p, {out, shape_.rank, shape_.columns}};
  own_ = {p, {scratch.copy<T>(out), shape_.rank, shape_.columns}};
  tell_in_parts(x, own_);
}

template <Element T>
void LowRank<T>::accept() {
  const std::span<const T> q = averaged_.right();
  if (!state_.empty() && all_finite(q)) std::ranges::copy(q, state_.begin());
}

template <Element T>
void LowRank<T>::start_from(const LinearCompressor<T>& before) {
  const auto* other = dynamic_cast<const LowRank*>(&before);
  if (!other || other->shape_.columns != shape_.columns) return;
  const std::size_t common = std::min(state_.size(), other->state_.size());
  std::copy_n(other->state_.begin(), common, state_.begin());
}

template <Element T>
std::vector<StateView<T>> LowRank<T>::states() {
  if (state_.empty()) return {};
  return {{.name = "q",
           .scope = Scope::replicated,
           .first = 0,
           .values = state_,
           .per_element = false}};
}

template <Element T>
Guarantee LowRank<T>::guarantee() const {
  const bool exact =
      shape_.rank == std::min(shape_.rows, shape_.columns) && factors_ == element_type<T>;
  if (!exact) return {};
  return {.contraction = 1.0, .variance = {}, .contraction_is_typical = true};
}

template <Element T>
std::unique_ptr<LinearCompressor<T>> make_lowrank(const Spec& spec, const Shape& shape,
                                                  ElementType factors) {
  constexpr auto kLargest = std::numeric_limits<std::uint32_t>::max();
  Arguments arguments(spec);
  const std::size_t rank = arguments.integer("rank", 0, 1, kLargest);
  const std::string warm = arguments.word("warm", "true", {"true", "false"});
  arguments.finish();
  using Start = typename LowRank<T>::Start;
  return std::make_unique<LowRank<T>>(shape, rank, warm == "true" ? Start::warm : Start::cold,
                                      factors);
}

#define PITH_INSTANTIATE(T)                                                             \
  template class LowRank<T>;                                                            \
  template std::unique_ptr<LinearCompressor<T>> make_lowrank(const Spec&, const Shape&, \
                                                             ElementType);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
