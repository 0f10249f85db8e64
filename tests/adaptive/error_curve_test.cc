// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <span>

#include <gtest/gtest.h>

#include <pith/adaptive/error_curve.h>
#include <pith/compressors/registry.h>
#include <pith/core/vector.h>

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
    {"quantize(bits=3,range=deviation)", 1e-4, 1e-9},
    {"quantize(range=qsgd,coding=elias)", 0.05, 1e-9, true},
    {"levels(bits=4)", 1e-4, 1e-9},
    {"blocktopk(k=40)", 1e-4, 0},
    {"dct_topk(k=4)", 1e-4, 1e-9},
    {"dct_topk(k=4)|quantize(bits=4)", 1e-4, 1e-9},
    {"topk(density=0.01)|quantize(bits=4)", 1e-4, 0},
    {"topk(density=0.01,values=4bit)", 1e-4, 0},
    {"topk(density=0.01,sample=0.05)", 1e-4, 0},
    {"arctopk(density=0.1)", 1e-4, 0},
    {"lowrank(rank=2,warm=false)", 1e-4, 0},
    {"fedzip", 1e-4, 0},
};

using Bounds = std::span<const Bound>;

struct Means {
  std::vector<double> errors;
  double squared_norm = 0;
};

// Of large tensors the bulk is thinned out.
constexpr Bound kLarge[] = {
    {"topk(density=0.3)", 0.01, 0},
    {"topk(density=0.1)", 0.01, 0},
    {"topk(density=0.01)", 0.01, 0},
    {"topk(density=0.001)", 0.01, 0},
    {"topk(density=0.0001)", 0.01, 0},
    {"threshold(value=2)", 0.01, 0},
    {"natural", 0.02, 1e-9, true},
    {"quantize(bits=2)", 0.06, 1e-9},
    {"quantize(bits=4)", 0.06, 1e-9},
    {"quantize(bits=8)", 0.06, 1e-9},
    {"quantize(bits=4,range=qsgd)", 0.06, 1e-9, true},
    {"quantize(bits=4,range=max,rounding=nearest)", 0.06, 1e-9},
};

template <Element T>
std::vector<std::vector<T>> steps_of(std::string_view kind, const Shape& shape, std::size_t count) {
  std::vector<std::vector<T>> steps;
  for (std::size_t i = 0; i < count; ++i) steps.push_back(data<T>(kind, shape.elements(), i));
  return steps;
}

RandomKey key_of(std::size_t step) { return {.seed = 7, .step = step, .rank = 0}; }

template <Element T>
Means exact(Bounds bounds, const std::vector<std::vector<T>>& steps, const Shape& shape) {
  Means means;
  for (const Bound& bound : bounds) {
    ReferenceError<T> reference(parse_pipeline(bound.spec), shape);
    double error = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      error += reference.measure(steps[i], key_of(i)).squared_error;
    }
    means.errors.push_back(error / static_cast<double>(steps.size()));
  }
  for (const auto& x : steps) {
    for (const T v : x) means.squared_norm += static_cast<double>(v) * static_cast<double>(v);
  }
  means.squared_norm /= static_cast<double>(steps.size());
  return means;
}

// Each by itself, as its runs are the shortest then.
template <Element T>
Means estimated(Bounds bounds, const std::vector<std::vector<T>>& steps, const Shape& shape,
                Sampling sampling) {
  Means means;
  Scratch scratch;
  for (const Bound& bound : bounds) {
    ErrorCurve<T> curve(pipelines({bound.spec}), shape, sampling);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      EXPECT_TRUE(curve.observe(WholeSource<T>(steps[i]), key_of(i), scratch));
    }
    means.errors.push_back(curve.squared_errors()[0]);
    means.squared_norm = curve.squared_norm();
  }
  return means;
}

bool cuts_equal_elements(const Bound& bound, std::string_view kind) {
  return kind == "constant" && std::string_view(bound.spec).starts_with("topk");
}

constexpr std::size_t kFew = 1'000'000;

template <Element T>
void expect_within(Bounds bounds, std::string_view kind, const Shape& shape, Sampling sampling,
                   double besides) {
  const auto steps = steps_of<T>(kind, shape, shape.elements() < kFew ? 4 : 2);
  const Means truth = exact(bounds, steps, shape);
  const Means estimate = estimated(bounds, steps, shape, sampling);
  EXPECT_NEAR(estimate.squared_norm, truth.squared_norm, (besides + 1e-6) * truth.squared_norm);
  for (std::size_t c = 0; c < bounds.size(); ++c) {
    const Bound& bound = bounds[c];
    if (bound.drawn && kind == "spike") continue;  // one element's luck
    const double relative = cuts_equal_elements(bound, kind) ? kEqual : bound.relative;
    EXPECT_NEAR(estimate.errors[c], truth.errors[c],
                (relative + besides) * truth.errors[c] +
                    (bound.absolute + 1e-4 * besides + 1e-12) * truth.squared_norm)
        << bound.spec << " of " << truth.squared_norm;
  }
}

std::string name_of_data(const testing::TestParamInfo<const char*>& kind) { return kind.param; }

class ErrorCurves : public testing::TestWithParam<const char*> {};

TEST_P(ErrorCurves, OfAllOfATensorAreWithinTheirBounds) {
  for_each_type([]<class T>(T) {
    expect_within<T>(kBounds, GetParam(), {96, 301}, {.one_in = 1}, 0);
  });
}

INSTANTIATE_TEST_SUITE_P(Data, ErrorCurves,
                         testing::Values("gaussian", "heavy", "sorted", "sparse", "constant",
                                         "zeros", "spike"),
                         name_of_data);

TEST(ErrorCurve, CandidatesDoNotDisturbEachOther) {
  const Shape shape{96, 301};
  const auto steps = steps_of<float>("gaussian", shape, 2);
  const Means alone = estimated(kBounds, steps, shape, {.one_in = 1});
  std::vector<std::string> specs;
  for (const Bound& bound : kBounds) specs.emplace_back(bound.spec);
  ErrorCurve<float> curve(pipelines(specs), shape, {.one_in = 1});
  Scratch scratch;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    curve.observe(WholeSource<float>(steps[i]), key_of(i), scratch);
  }
  const auto together = curve.squared_errors();
  for (std::size_t c = 0; c < specs.size(); ++c) {
    const double tolerance = kBounds[c].drawn ? 0.05 : 1e-5;
    EXPECT_NEAR(together[c], alone.errors[c], tolerance * alone.errors[c]) << specs[c];
  }
}

// Of the table, so of those to come as well: what no estimator knows is encoded and decoded.
TEST(ErrorCurve, EveryCompressorIsACandidate) {
  const Shape shape{64, 70};
  const auto x = data<double>("gaussian", shape.elements());
  const double squared_norm = pith::squared_norm<double>(x);
  for (const CompressorEntry& entry : compressors()) {
    const Pipeline pipeline = parse_pipeline(entry.example);
    ErrorCurve<double> curve({pipeline}, shape);
    Scratch scratch;
    ASSERT_TRUE(curve.observe(WholeSource<double>(x), key_of(0), scratch));
    const Loss loss = ReferenceError<double>(pipeline, shape).measure(x, key_of(0));
    EXPECT_NEAR(curve.squared_errors()[0], loss.squared_error, 0.03 * squared_norm) << entry.name;
    const double bytes = entry.name == "acp" ? loss.bytes * (64 + 70) / 128 : loss.bytes;
    EXPECT_NEAR(curve.expected_bytes()[0], bytes, 0.05 * bytes) << entry.name;
  }
}

class LargeErrorCurves : public testing::TestWithParam<const char*> {};

TEST_P(LargeErrorCurves, OfAllOfATensorAreWithinTheirBounds) {
  expect_within<float>(kLarge, GetParam(), Shape::flat(2'100'001), {.one_in = 1}, 0);
}

INSTANTIATE_TEST_SUITE_P(Data, LargeErrorCurves,
                         testing::Values("gaussian", "heavy", "sorted", "sparse", "spike"),
                         name_of_data);

// Of 1,024 runs 32 are read in each step: what is off besides. Outliers may be missed altogether.
struct Sampled {
  const char* data;
  double relative;
};

class SampledErrorCurves : public testing::TestWithParam<Sampled> {};

TEST_P(SampledErrorCurves, AreWithinTheirBounds) {
  expect_within<float>(kBounds, GetParam().data, {1024, 512}, {}, GetParam().relative);
}

INSTANTIATE_TEST_SUITE_P(Data, SampledErrorCurves,
                         testing::Values(Sampled{"gaussian", 0.04}, Sampled{"heavy", 0.12},
                                         Sampled{"sparse", 0.2}, Sampled{"constant", kEqual},
                                         Sampled{"zeros", 0}),
                         [](const auto& sampled) { return std::string(sampled.param.data); });

}  // namespace
}  // namespace pith::test
