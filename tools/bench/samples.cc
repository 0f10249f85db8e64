// SPDX-License-Identifier: Apache-2.0
#include "samples.h"

#include <algorithm>
#include <cstddef>
#include <span>

#include "median.h"

namespace pith::bench {
namespace {

template <class Combine>
double median_of(const std::vector<Sample>& all, std::size_t ranks, double Sample::*field,
                 Combine&& combine) {
  const std::size_t operations = all.size() / ranks;
  std::vector<double> combined(operations, 0);
  for (std::size_t i = 0; i < all.size(); ++i) {
    double& value = combined[i % operations];
    value = combine(value, all[i].*field);
  }
  return median(std::move(combined));
}

}  // namespace

Samples::Samples(Communicator& communicator, const std::vector<Sample>& mine)
    : ranks_(static_cast<std::size_t>(communicator.size())), all_(ranks_ * mine.size()) {
  communicator.all_gather(std::as_bytes(std::span(mine)), std::as_writable_bytes(std::span(all_)));
}

double Samples::slowest(double Sample::*field) const {
  return median_of(all_, ranks_, field, [](double a, double b) { return std::max(a, b); });
}

double Samples::total(double Sample::*field) const {
  return median_of(all_, ranks_, field, [](double a, double b) { return a + b; });
}

}  // namespace pith::bench
