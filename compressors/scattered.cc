// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/compressors/scattered.h>

namespace pith {
namespace {

// Which entry of the mask is the first that is not below `index`.
std::size_t first_from(std::span<const std::size_t> mask, std::size_t index) {
  return static_cast<std::size_t>(std::ranges::lower_bound(mask, index) - mask.begin());
}

}  // namespace

Range masked(std::span<const std::size_t> mask, Range range) {
  return {first_from(mask, range.begin), first_from(mask, range.end)};
}

template <Element T>
void Scattered<T>::axpy(T a, std::size_t first, std::span<T> y) const {
  for (std::size_t i = first_from(mask_, first); i < mask_.size() && mask_[i] - first < y.size();
       ++i) {
    y[mask_[i] - first] += a * values_[i];
  }
}

template <Element T>
void Scattered<T>::clear(std::size_t first, std::span<T> y) const {
  const Range entries = masked(mask_, {first, first + y.size()});
  for (std::size_t i = entries.begin; i < entries.end; ++i) y[mask_[i] - first] = 0;
}

template class Scattered<float>;
template class Scattered<double>;

}  // namespace pith
