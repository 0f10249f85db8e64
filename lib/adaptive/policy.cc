// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <pith/adaptive/policy.h>
#include <pith/core/error.h>

namespace pith {
namespace {

void check_count(const char* what, std::size_t found, std::size_t layers) {
  if (found == layers) return;
  throw UsageError("adaptive: " + std::to_string(found) + " " + what + ", but there are " +
                   std::to_string(layers) + " layers");
}

void check(const Measurements& measured, std::span<const std::string> names) {
  check_count("layers' candidates", measured.layers.size(), names.size());
  check_count("layers' specs", measured.pipelines.size(), names.size());
  check_count("squared norms", measured.squared_norms.size(), names.size());
  check(Problem{.layers = measured.layers, .current = measured.current, .names = names});
  for (std::size_t l = 0; l < names.size(); ++l) {
    const std::size_t specs = measured.pipelines[l].size();
    const std::size_t candidates = measured.layers[l].costs.size();
    if (specs != candidates) {
      throw UsageError("adaptive: " + names[l] + " has " + std::to_string(candidates) +
                       " candidates, but " + std::to_string(specs) + " specs");
    }
    if (measured.squared_norms[l] < 0) {
      throw UsageError("adaptive: " + names[l] + " has the squared norm " +
                       std::to_string(measured.squared_norms[l]));
    }
  }
  if (!std::isfinite(measured.bytes_per_second) || measured.bytes_per_second < 0) {
    throw UsageError("adaptive: the link's bytes per second must be 0 or more, not " +
                     std::to_string(measured.bytes_per_second));
  }
}

}  // namespace

Solution Policy::choose(const Measurements& measurements) {
  check(measurements, names_);
  return decide(measurements);
}

}  // namespace pith
