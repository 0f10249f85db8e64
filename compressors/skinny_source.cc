// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/compressors/finite.h>
#include <pith/compressors/skinny_source.h>
#include <pith/core/vector.h>

namespace pith {
namespace {

// Near the block of a sweep; but four rows share what is loaded of q, which is worth more than the
// first cache as long as they stay in the second.
template <Element T>
std::size_t rows_at_once(std::size_t columns) {
  constexpr std::size_t kTogether = 4;
  constexpr std::size_t kMost = (std::size_t{1} << 18) / sizeof(T);
  return std::clamp(kTogether, kSweepBlock<T> / columns / kTogether * kTogether,
                    std::max<std::size_t>(1, kMost / columns));
}

// A row that ends before those of q do.
template <Element T>
void project_short_row(std::span<const T> row, Matrix<const T> q, Matrix<T> p, std::size_t i) {
  for (std::size_t j = 0; j < q.rows; ++j) {
    project_rows<T>({row, 1, row.size()}, {q.row(j).first(row.size()), 1, row.size()},
                    p.rows_from(j, 1), i);
  }
}

template <Element T>
void project_part(Source<T>& m, Range part, Matrix<const T> q, Matrix<T> p) {
  if (part.size() == 0) return;
  const std::size_t elements = rows_at_once<T>(q.columns) * q.columns;
  for (std::size_t i = part.begin; i < part.end; i += elements) {
    const auto taken = m.take({i, std::min(part.end, i + elements)});
    check_finite(taken);
    const std::size_t rows = taken.size() / q.columns, first = i / q.columns;
    const std::size_t whole = rows * q.columns;
    project_rows<T>({taken.first(whole), rows, q.columns}, q, p, first);
    if (whole < taken.size()) project_short_row(taken.subspan(whole), q, p, first + rows);
  }
}

// Some blocks of kSummedRows rows, each to what block_sum(its number) is.
template <Element T, class BlockSum>
void sum_part(Source<T>& m, Range part, Matrix<const T> p, std::size_t columns,
              const BlockSum& block_sum) {
  const std::size_t elements = kSummedRows * columns;
  for (std::size_t i = part.begin; i < part.end; i += elements) {
    const auto taken = m.take({i, std::min(part.end, i + elements)});
    project_columns<T>({taken, taken.size() / columns, columns}, p, block_sum(i / elements),
                       i / columns);
  }
}

}  // namespace

template <Element T>
void project_rows(Source<T>& m, Matrix<const T> q, Matrix<T> p) {
  const std::size_t row = std::max<std::size_t>(1, q.columns);
  in_parts(m, {0, m.size()}, parts_of(m.size()), row,
           [&](std::size_t, Range part) { project_part(m, part, q, p); });
}

template <Element T>
void project_columns(Source<T>& m, Matrix<const T> p, Matrix<T> q, Scratch& scratch) {
  std::ranges::fill(q.values, T{0});
  const std::size_t elements = std::max<std::size_t>(1, kSummedRows * q.columns);
  const std::size_t blocks = (m.size() + elements - 1) / elements;
  const std::size_t parts = std::clamp<std::size_t>(blocks, 1, parts_of(m.size()));
  const Scratch::Frame frame(scratch);
  // One thread adds block after block to q; several sum to memory of their own.
  const auto sums = scratch.take<T>(parts > 1 ? blocks * q.values.size() : 0);
  std::ranges::fill(sums, T{0});
  const auto sum_of = [&](std::size_t block) {
    const std::size_t size = q.values.size();
    return parts > 1 ? Matrix<T>{sums.subspan(block * size, size), q.rows, q.columns} : q;
  };
  in_parts(m, {0, m.size()}, parts, elements,
           [&](std::size_t, Range part) { sum_part<T>(m, part, p, q.columns, sum_of); });
  if (parts == 1) return;
  for (std::size_t block = 0; block < blocks; ++block) axpy<T>(1, sum_of(block).values, q.values);
}

#define PITH_INSTANTIATE(T)                                           \
  template void project_rows(Source<T>&, Matrix<const T>, Matrix<T>); \
  template void project_columns(Source<T>&, Matrix<const T>, Matrix<T>, Scratch&);
PITH_INSTANTIATE(float)
PITH_INSTANTIATE(double)
#undef PITH_INSTANTIATE

}  // namespace pith
