// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include <pith/compressors/finite.h>
#include <pith/compressors/lowrank.h>
#include <pith/compressors/orthonormalise.h>
#include <pith/compressors/rounding.h>
#include <pith/compressors/skinny.h>
#include <pith/core/arguments.h>
#include <pith/core/error.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

// Where the random directions of P begin; those of Q begin at 0.
constexpr std::uint64_t kLeftBlocks = std::uint64_t{1} << 63;

// Near the block of a sweep; but four rows share what is loaded of Q, which is worth more than the
// first cache as long as they stay in the second.
template <Element T>
std::size_t rows_at_once(std::size_t columns) {
  constexpr std::size_t kTogether = 4;
  constexpr std::size_t kMost = (std::size_t{1} << 18) / sizeof(T);
  return std::clamp(kTogether, kSweepBlock<T> / columns / kTogether * kTogether,
                    std::max<std::size_t>(1, kMost / columns));
}

template <Element T>
std::span<T> copied(std::span<const T> values, Scratch& scratch) {
  const auto copy = scratch.take<T>(values.size());
  std::ranges::copy(values, copy.begin());
  return copy;
}

}  // namespace

template <Element T>
LowRank<T>::LowRank(const Shape& shape, std::size_t rank, Start start, ElementType factors)
    : rows_(shape.rows()),
      columns_(shape.columns()),
      rank_(std::min({rows_, columns_, rank})),
      factors_(factors) {
  if (!shape.is_matrix()) {
    throw UsageError("lowrank: the shape " + shape.text() + " is not a matrix");
  }
  if (rank == 0) throw UsageError("lowrank: rank is 0, it must be at least 1");
  if (start == Start::warm) state_.resize(rank_ * columns_);
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
  const Matrix<T> q{scratch.take<T>(rank_ * columns_), rank_, columns_};
  std::ranges::fill(q.values, T{0});
  std::ranges::copy(state_, q.values.begin());
  orthonormalise(q, random);
  const std::size_t whole = std::max<std::size_t>(1, columns_);  // parts begin with a row
  in_parts(x, {0, x.size()}, parts_of(x.size()), whole, [&](std::size_t, Range part) {
    take_rows(x, part, q, {out, rank_, rows_});
  });
  round_to(factors_, out);
  averaged_p_ = out;
}

// A few rows at a time, which are composed, found finite and multiplied while they are in a cache.
template <Element T>
void LowRank<T>::take_rows(Source<T>& x, Range part, Matrix<const T> q, Matrix<T> p) const {
  if (part.size() == 0) return;
  const std::size_t elements = rows_at_once<T>(columns_) * columns_;
  for (std::size_t i = part.begin; i < part.end; i += elements) {
    const Range block{i, std::min(part.end, i + elements)};
    const auto m = x.take(block);
    check_finite(m);
    project_rows<T>({m, block.size() / columns_, columns_}, q, p, i / columns_);
  }
}

// Blocks of rows are summed by threads, each to memory of its own, and added in their order.
template <Element T>
void LowRank<T>::sum_columns(Matrix<const T> m, Matrix<const T> p, Matrix<T> q,
                             Scratch& scratch) const {
  const std::size_t blocks = (rows_ + kSummedRows - 1) / kSummedRows;
  const std::size_t parts = std::min(blocks, parts_of(m.values.size()));
  if (parts <= 1) return project_columns<T>(m, p, q);
  const Scratch::Frame frame(scratch);
  const Matrix<T> sums{scratch.take<T>(blocks * q.values.size()), blocks, q.values.size()};
  in_parallel(parts, [&](std::size_t part) {
    for (std::size_t b = blocks * part / parts; b < blocks * (part + 1) / parts; ++b) {
      const std::size_t first = b * kSummedRows;
      std::ranges::fill(sums.row(b), T{0});
      project_columns<T>(m.rows_from(first, std::min(kSummedRows, rows_ - first)), p,
                         {sums.row(b), q.rows, q.columns}, first);
    }
  });
  for (std::size_t b = 0; b < blocks; ++b) axpy<T>(T{1}, sums.row(b), q.values);
}

template <Element T>
void LowRank<T>::right_factor(Source<T>& x, const Random& random, std::span<T> out,
                              Scratch& scratch) {
  const Matrix<T> p{copied(averaged_p_, scratch), rank_, rows_};
  orthonormalise(p, random, kLeftBlocks);
  std::ranges::fill(out, T{0});
  sum_columns({x.taken(), rows_, columns_}, p, {out, rank_, columns_}, scratch);
  round_to(factors_, out);
  averaged_ = {p, {out, rank_, columns_}};
  own_ = {p, {copied<T>(out, scratch), rank_, columns_}};
  in_parts(x, {0, x.size()}, parts_of(x.size()), kSweepBlock<T>,
           [&](std::size_t, Range part) { x.sent(part, own_); });
}

template <Element T>
void LowRank<T>::accept() {
  const std::span<const T> q = averaged_.right();
  if (!state_.empty() && all_finite(q)) std::ranges::copy(q, state_.begin());
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
  const bool exact = rank_ == std::min(rows_, columns_) && factors_ == element_type<T>;
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
