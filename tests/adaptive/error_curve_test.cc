// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <pith/adaptive/error_curve.h>

#include "adaptive/curve_data.h"
#include "compressors/message_codec.h"
#include "support/reference_errors.h"

namespace pith::test {
namespace {

// |estimate - error| <= relative error + absolute ||x||^2, where all of x is read.
struct Bound {
  const char* spec;
  double relative;
  double absolute;
  bool drawn = false;  // what was measured is one draw, the estimate the mean of all
};

// docs/adaptive.md has them too. Where many elements are equal, a bin of the histogram that is cut
// seems to be spread: kEqual of what it holds.
constexpr double kEqual = 0.04;

constexpr Bound kBounds[] = {
    {"none", 0, 0},
    {"identity", 0, 0},
    {"cast(bf16)", 0.01, 4e-6},
    {"cast(fp16)", 0.01, 1e-7},
    {"natural", 0.05, 1e-9, true},
    {"topk(density=0.3)", 0.002, 0},
    {"topk(density=0.1)", 0.002, 0},
    {"topk(density=0.01)", 0.002, 0},
    {"topk(density=0.001)", 0.002, 0},
    {"topk(density=0.1,values=bf16)", 0.002, 4e-6},
    {"topk(density=0.1)|cast(fp16)", 0.002, 1e-7},
    {"threshold(value=0.5)", 0.002, 0},
    {"threshold(value=2)", 0.002, 0},
    {"randomk(density=0.1)", 0.05, 1e-9, true},
    {"quantize(bits=1)", 0.002, 1e-9},
    {"quantize(bits=2)", 0.002, 1e-9},
    {"quantize(bits=4)", 0.002, 1e-9},
    {"quantize(bits=8)", 0.002, 1e-9},
    {"quantize(bits=4,bucket=100)", 0.002, 1e-9},
    {"quantize(bits=3,rounding=stochastic)", 0.05, 1e-9, true},
    {"quantize(bits=4,range=qsgd)", 0.05, 1e-9, true},
    {"quantize(bits=5,range=max,rounding=nearest)", 0.002, 1e-9},
    {"quantize(bits=2,range=max,bucket=1073741824)", 0.05, 1e-9, true},
    {"quantize(bits=4,range=max,clip=2.5)", 0.05, 1e-9, true},
    {"onebit", 1e-4, 1e-6},
    {"onebit(scale=l2,block=500)", 1e-4, 1e-6},
    {"onebit(scale=sides)", 1e-4, 1e-6},
    {"onebit(scale=deviation)", 1e-4, 1e-6},
    {"lowrank(rank=2)", 1e-4, 1e-5},
    {"lowrank(rank=9)|cast(bf16)", 1e-3, 1e-4},
    {"acp(rank=3)", 0.06, 0.05},
    {"levels(bits=4)", 1e-4, 1e-9},
    {"blocktopk(k=40)", 1e-4, 0},
    {"dct_topk(k=4)", 1e-4, 1e-9},
    {"topk(density=0.01)|quantize(bits=4)", 1e-4, 0},
    {"topk(density=0.01,values=4bit)", 1e-4, 0},
    {"topk(density=0.01,sample=0.05)", 1e-4, 0},
    {"arctopk(density=0.1)", 1e-4, 0},
    {"lowrank(rank=2,warm=false)", 1e-4, 0},
    {"fedzip", 1e-4, 0},
};

constexpr std::size_t kSteps = 4;

struct Means {
  std::vector<double> errors = std::vector<double>(std::size(kBounds));
  double squared_norm = 0;
};

std::vector<std::string> all_specs() {
  std::vector<std::string> specs;
  for (const Bound& bound : kBounds) specs.emplace_back(bound.spec);
  return specs;
}

template <Element T>
std::vector<std::vector<T>> steps_of(std::string_view kind, const Shape& shape) {
  std::vector<std::vector<T>> steps;
  for (std::size_t i = 0; i < kSteps; ++i) steps.push_back(data<T>(kind, shape.elements(), i));
  return steps;
}

RandomKey key_of(std::size_t step) { return {.seed = 7, .step = step, .rank = 0}; }

template <Element T>
Means exact(const std::vector<std::vector<T>>& steps, const Shape& shape) {
  Means means;
  for (std::size_t c = 0; c < std::size(kBounds); ++c) {
    ReferenceError<T> reference(parse_pipeline(kBounds[c].spec), shape);
    for (std::size_t i = 0; i < kSteps; ++i) {
      means.errors[c] += reference.measure(steps[i], key_of(i)).squared_error / kSteps;
    }
  }
  for (const auto& x : steps) {
    for (const T v : x) means.squared_norm += static_cast<double>(v) * static_cast<double>(v);
  }
  means.squared_norm /= kSteps;
  return means;
}

template <Element T>
Means estimated(const std::vector<std::vector<T>>& steps, const Shape& shape, Sampling sampling) {
  ErrorCurve<T> curve(pipelines(all_specs()), shape, sampling);
  Scratch scratch;
  for (std::size_t i = 0; i < kSteps; ++i) {
    EXPECT_TRUE(curve.observe(WholeSource<T>(steps[i]), key_of(i), scratch));
  }
  return {curve.squared_errors(), curve.squared_norm()};
}

bool cuts_equal_elements(const Bound& bound, std::string_view kind) {
  const std::string_view spec = bound.spec;
  return kind == "constant" && spec.starts_with("topk");
}

class ErrorCurves : public testing::TestWithParam<const char*> {};

TEST_P(ErrorCurves, OfAllOfATensorAreWithinTheirBounds) {
  const Shape shape{96, 301};
  for_each_type([&]<class T>(T) {
    const auto steps = steps_of<T>(GetParam(), shape);
    const Means truth = exact(steps, shape);
    const Means estimate = estimated(steps, shape, {.one_in = 1});
    EXPECT_NEAR(estimate.squared_norm, truth.squared_norm, 1e-10 * truth.squared_norm);
    for (std::size_t c = 0; c < std::size(kBounds); ++c) {
      const Bound& bound = kBounds[c];
      if (bound.drawn && GetParam() == std::string_view("spike")) continue;  // one element's luck
      const double relative = cuts_equal_elements(bound, GetParam()) ? kEqual : bound.relative;
      EXPECT_NEAR(estimate.errors[c], truth.errors[c],
                  relative * truth.errors[c] + (bound.absolute + 1e-12) * truth.squared_norm)
          << bound.spec << " of " << truth.squared_norm;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Data, ErrorCurves,
                         testing::Values("gaussian", "heavy", "sparse", "constant", "zeros",
                                         "spike"),
                         [](const auto& kind) { return std::string(kind.param); });

// Of 1,024 runs 64 are read in each step: what is off besides. Outliers may be missed altogether.
struct Sampled {
  const char* data;
  double relative;
};

class SampledErrorCurves : public testing::TestWithParam<Sampled> {};

TEST_P(SampledErrorCurves, AreWithinTheirBounds) {
  const Shape shape{1024, 512};
  const auto [kind, relative] = GetParam();
  const auto steps = steps_of<float>(kind, shape);
  const Means truth = exact(steps, shape);
  const Means estimate = estimated(steps, shape, {});
  EXPECT_NEAR(estimate.squared_norm, truth.squared_norm, relative * truth.squared_norm);
  for (std::size_t c = 0; c < std::size(kBounds); ++c) {
    const Bound& bound = kBounds[c];
    EXPECT_NEAR(estimate.errors[c], truth.errors[c],
                (bound.relative + relative) * truth.errors[c] +
                    (bound.absolute + 1e-12) * truth.squared_norm)
        << bound.spec << " of " << truth.squared_norm;
  }
}

INSTANTIATE_TEST_SUITE_P(Data, SampledErrorCurves,
                         testing::Values(Sampled{"gaussian", 0.02}, Sampled{"heavy", 0.08},
                                         Sampled{"sparse", 0.08}, Sampled{"constant", kEqual},
                                         Sampled{"zeros", 0}),
                         [](const auto& sampled) { return std::string(sampled.param.data); });

}  // namespace
}  // namespace pith::test
