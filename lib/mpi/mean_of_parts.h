// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>

#include <pith/core/vector.h>

namespace pith::mpi {

/// mean = (part(0) + part(1) + ...) / divisor, in rank order, block by block in the cache; part(r)
/// has as many elements as `mean`, which may be one of them: a block is read before it is written.
/// Two ranks at least. Returns whether all of it is finite.
template <Element T, class Part>
bool mean_of_parts(int ranks, const Part& part, T divisor, std::span<T> mean) {
  constexpr std::size_t kBlock = 1024;
  T block[kBlock];
  bool finite = true;
  for (std::size_t i = 0; i < mean.size(); i += kBlock) {
    const std::size_t n = std::min(kBlock, mean.size() - i);
    const auto block_of = [&](int rank) { return std::span<const T>(part(rank)).subspan(i, n); };
    const std::span<T> sum(block, n);
    copy(block_of(0), sum);
    for (int r = 1; r + 1 < ranks; ++r) axpy(T(1), block_of(r), sum);
    finite = sum_divided<T>(sum, block_of(ranks - 1), divisor, mean.subspan(i, n)) && finite;
  }
  return finite;
}

}  // namespace pith::mpi
