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

/// None, few and regular ones, at the sizes where something fills up.
inline std::vector<IndexSet> edge_sets() {
  std::vector<IndexSet> sets{{{}, 0}, {{}, 1}, {{0}, 1}, {{3, 10, 11, 300}, 1024}};
  for (const std::size_t n : {2u, 7u, 8u, 9u, 63u, 64u, 65u, 255u, 256u, 257u, 1000u, 70000u}) {
    const auto last = static_cast<std::uint32_t>(n - 1);
    for (const Indices& few : {Indices{}, Indices{0}, Indices{last}, Indices{0, last}}) {
      sets.push_back({few, n});
    }
    for (const std::size_t step : {1u, 2u, 3u, 200u}) sets.push_back(every(step, n));
  }
  return sets;
}

/// At many densities, and neighbours and wide gaps.
inline std::vector<IndexSet> random_sets() {
  std::vector<IndexSet> sets{rows(20, 300, 5000), rows(2, 1000, 200000), {{70000, 200000}, 200001}};
  for (const double p : {0.0001, 0.001, 0.01, 0.03, 0.1, 0.214, 0.25, 0.4, 0.7, 0.95}) {
    for (const std::size_t count : {1u, 5u, 256u, 300u, 1500u}) {
      sets.push_back(bernoulli(count, p, count));
      sets.back().n += 11;
    }
  }
  return sets;
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
