// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <pith/core/random.h>
#include <pith/core/shape.h>
#include <pith/reducer/device_backend.h>
#include <pith/reducer/options.h>

namespace pith::test {

struct Variable {
  std::string name;
  Shape shape;
};

inline const std::vector<Variable> kModel = {
    {"matrix", Shape({64, 100})}, {"other", Shape({40, 90})}, {"bias", Shape({33})}};

inline std::vector<float> gradient_of(const Variable& variable, int rank, int step) {
  const Random random({.seed = 3,
                       .tensor = variable.name.size(),
                       .step = static_cast<std::uint64_t>(step),
                       .rank = static_cast<std::uint32_t>(rank)});
  std::vector<float> x(variable.shape.elements());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(random.normal(i));
  return x;
}

struct Case {
  const char* compressor;
  const char* feedback;
  const char* exchange = "natural";
};

inline ReducerOptions options_of(const Case& one) {
  return {.compressor = one.compressor,
          .feedback = one.feedback,
          .exchange = one.exchange,
          .device = device_backend()};
}

}  // namespace pith::test
