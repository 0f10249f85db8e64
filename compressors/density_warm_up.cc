// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include <pith/compressors/density_warm_up.h>
#include <pith/core/error.h>

namespace pith {
namespace {

// The shortest text that is read as the same number.
std::string text_of(double number) {
  char text[32];
  const auto [end, error] = std::to_chars(std::begin(text), std::end(text), number);
  return std::string(text, end);
}

void check_share(const char* what, double share) {
  if (share > 0 && share <= 1) return;
  throw UsageError(std::string("density_warm_up: ") + what + ' ' + text_of(share) +
                   " must be above 0 and at most 1");
}

}  // namespace

std::vector<double> warm_up_densities(double coefficient, std::size_t epochs) {
  check_share("coefficient", coefficient);
  std::vector<double> densities;
  double density = 1;
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) densities.push_back(density *= coefficient);
  return densities;
}

std::string density_warm_up(std::span<const double> densities, std::uint64_t steps_each) {
  if (densities.empty()) throw UsageError("density_warm_up: there is no density");
  if (steps_each == 0) throw UsageError("density_warm_up: each density needs a step");
  std::string schedule;
  for (const double density : densities) {
    check_share("density", density);
    if (!schedule.empty()) schedule += '@' + std::to_string(steps_each) + ',';
    schedule += "topk(density=" + text_of(density) + ')';
  }
  return schedule;
}

}  // namespace pith
