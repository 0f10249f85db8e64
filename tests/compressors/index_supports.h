// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <numeric>
#include <ostream>
#include <string>
#include <vector>

#include <pith/compressors/index_coding.h>
#include <pith/core/random.h>

// Sets of indices below n for the tests of the index coders, and how to code them.
namespace pith::test {

using Indices = std::vector<std::uint32_t>;

inline constexpr const char* kIndexCoders[] = {"raw32", "bitmap",     "delta",
                                               "rice",  "elias_fano", "runs16"};

struct IndexSet {
  Indices indices;
  std::size_t n;
};

inline std::ostream& operator<<(std::ostream& out, const IndexSet& set) {
  return out << set.indices.size() << " of " << set.n;
}

/// Every `step`-th index below n.
inline IndexSet every(std::size_t step, std::size_t n) {
  IndexSet set{{}, n};
  for (std::size_t i = 0; i < n; i += step) set.indices.push_back(static_cast<std::uint32_t>(i));
  return set;
}

/// `count` indices, each element having been kept with probability p; n ends with the last.
inline IndexSet bernoulli(std::size_t count, double p, std::uint64_t seed = 1) {
  const Random random({.seed = seed});
  IndexSet set{{}, 0};
  for (std::size_t i = 0; i < count; ++i) {
    const double word = random.at(2 * i) + random.at(2 * i + 1) * 0x1p-32;
    const double uniform = (word + 0.5) * 0x1p-32;
    set.n += static_cast<std::size_t>(std::log(uniform) / std::log1p(-p));
    set.indices.push_back(static_cast<std::uint32_t>(set.n++));
  }
  return set;
}

/// Runs of neighbours, as whole rows of a matrix leave them.
inline IndexSet rows(std::size_t count, std::size_t length, std::size_t stride) {
  IndexSet set{{}, count * stride};
  for (std::size_t i = 0; i < count * length; ++i) {
    set.indices.push_back(static_cast<std::uint32_t>(i / length * stride + i % length));
  }
  return set;
}

/// H(p) / p: bits per index that nothing can go below.
inline double entropy_bound(double p) { return -std::log2(p) - (1 - p) / p * std::log2(1 - p); }

inline Support support_of(const IndexSet& set) { return {set.indices, 0, set.n}; }

inline std::vector<std::byte> written(const IndexCoder& coder, const IndexSet& set) {
  std::vector<std::byte> bytes(coder.cost(support_of(set)), std::byte{0xff});
  coder.write(support_of(set), bytes);
  return bytes;
}

inline Indices read(const IndexCoder& coder, const std::vector<std::byte>& bytes, std::size_t count,
                    std::size_t n) {
  Indices indices(count);
  coder.read(bytes, n, indices, "test");
  return indices;
}

}  // namespace pith::test
