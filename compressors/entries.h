// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <pith/compressors/decoded.h>

namespace pith {

/// Some elements of a tensor or of a segment.
template <Element T>
struct Entries {
  std::span<const std::uint32_t> indices;  ///< ascending
  std::span<const T> values;

  std::size_t size() const { return indices.size(); }
};

/// Zero but for some entries, whose indices count from the tensor's element `first`. Adding costs
/// O(log k) and what is added.
template <Element T>
class DecodedEntries final : public Decoded<T> {
 public:
  DecodedEntries(const Entries<T>& entries, std::size_t first) : entries_(entries), first_(first) {}

  void axpy(T a, std::size_t first, std::span<T> y) const override {
    for_each(first, y, [&](T& element, std::size_t i) { element += a * entries_.values[i]; });
  }

  T largest() const override {
    T most = 0;
    for (const T value : entries_.values) most = std::max(most, std::abs(value));
    return most;
  }

  void clear(std::size_t first, std::span<T> y) const override {
    for_each(first, y, [](T& element, std::size_t) { element = 0; });
  }

 private:
  static constexpr std::size_t kFetchAhead = 32;  // entries, whose lines no machine foresees

  // Of y, the elements that entries stand for, and which ones.
  template <class Body>
  void for_each(std::size_t first, std::span<T> y, const Body& body) const {
    const auto indices = entries_.indices;
    const std::size_t begin = first - first_;
    const auto entry = std::ranges::lower_bound(indices, begin);
    for (auto i = static_cast<std::size_t>(entry - indices.begin());
         i < indices.size() && indices[i] - begin < y.size(); ++i) {
      fetch(y, i + kFetchAhead, begin);
      body(y[indices[i] - begin], i);
    }
  }

  void fetch(std::span<T> y, std::size_t i, std::size_t begin) const {
    if (i >= entries_.indices.size()) return;
    const std::size_t element = entries_.indices[i] - begin;
    if (element < y.size()) __builtin_prefetch(&y[element], 1);
  }

  Entries<T> entries_;
  std::size_t first_;
};

}  // namespace pith
