// SPDX-License-Identifier: Apache-2.0
#include "softmax.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace fashion_mnist {

Score softmax_cross_entropy(std::span<const float> outputs, std::span<const std::uint8_t> labels,
                            std::span<float> error) {
  const std::size_t classes = outputs.size() / labels.size();
  const float weight = 1.0f / static_cast<float>(labels.size());
  Score score;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = outputs.subspan(i * classes, classes);
    const auto out = error.subspan(i * classes, classes);
    const auto largest = std::ranges::max_element(row);
    std::ranges::transform(row, out.begin(), [&](float o) { return std::exp(o - *largest); });
    const float sum = std::accumulate(out.begin(), out.end(), 0.0f);
    score.loss += std::log(sum) + *largest - row[labels[i]];
    score.correct += largest - row.begin() == labels[i];
    std::ranges::transform(out, out.begin(), [&](float e) { return e / sum * weight; });
    out[labels[i]] -= weight;
  }
  return score;
}

}  // namespace fashion_mnist
