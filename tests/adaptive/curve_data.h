// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <pith/adaptive/error_curve.h>
#include <pith/core/random.h>
#include <pith/core/spec.h>

namespace pith::test {

/// gaussian; heavy: their cubes; sorted; sparse: every 100th; constant: 0.7; zeros; spike: one is
/// 1000.
template <Element T>
std::vector<T> data(std::string_view kind, std::size_t n, std::uint64_t seed = 1) {
  const Random random({.seed = seed});
  std::vector<T> x(n);
  for (std::size_t i = 0; i < n; ++i) {
    const double v = random.normal(i);
    if (kind == "gaussian" || kind == "spike" || kind == "sorted") x[i] = static_cast<T>(v);
    if (kind == "heavy") x[i] = static_cast<T>(v * v * v);
    if (kind == "sparse") x[i] = static_cast<T>(i % 100 == 7 ? v : 0);
    if (kind == "constant") x[i] = static_cast<T>(0.7);
  }
  if (kind == "sorted") std::ranges::sort(x);
  if (kind == "spike") x[n / 3] = 1000;
  return x;
}

inline std::vector<Pipeline> pipelines(const std::vector<std::string>& specs) {
  std::vector<Pipeline> out;
  for (const std::string& spec : specs) out.push_back(parse_pipeline(spec));
  return out;
}

/// An error curve that has seen x once.
template <Element T>
ErrorCurve<T> curve_of(const std::vector<std::string>& specs, const Shape& shape,
                       const std::vector<T>& x, Sampling sampling = {.one_in = 1}) {
  ErrorCurve<T> curve(pipelines(specs), shape, sampling);
  Scratch scratch;
  curve.observe(WholeSource<T>(x), {}, scratch);
  return curve;
}

}  // namespace pith::test
