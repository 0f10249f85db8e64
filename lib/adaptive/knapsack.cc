// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <pith/adaptive/knapsack.h>

namespace pith {

Knapsack::Knapsack(std::span<const std::vector<Option>> layers, std::size_t most)
    : layers_(layers),
      row_size_(most + 1),
      rows_(std::make_unique_for_overwrite<std::int64_t[]>((layers.size() + 1) * row_size_)) {
  std::ranges::fill(row(0), 0);
  for (std::size_t l = 0; l < layers_.size(); ++l) least_sums(row(l), layers_[l], row(l + 1));
}

std::optional<Assignment> Knapsack::best(std::size_t budget) const {
  if (row(layers_.size())[budget] == kNoSum) return std::nullopt;
  Assignment options(layers_.size());
  for (std::size_t l = layers_.size(); l-- > 0;) {
    options[l] = option_of(l, budget);
    budget -= layers_[l][options[l]].weight;
  }
  return options;
}

std::span<std::int64_t> Knapsack::row(std::size_t layer) const {
  return {rows_.get() + layer * row_size_, row_size_};
}

// Which one it was is not kept but found again, for a few budgets instead of all of them.
std::size_t Knapsack::option_of(std::size_t layer, std::size_t budget) const {
  const std::int64_t sum = row(layer + 1)[budget];
  const auto led_there = [&](const Option& option) {
    return option.weight <= budget && row(layer)[budget - option.weight] + option.value == sum;
  };
  const auto& options = layers_[layer];
  return static_cast<std::size_t>(std::ranges::find_if(options, led_there) - options.begin());
}

}  // namespace pith
