// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <optional>

#include <gmock/gmock.h>

#include <pith/comm/staged_communicator.h>
#include <pith/core/half.h>
#include <pith/core/vector.h>
#include <pith/reducer/device_norm.h>
#include <pith/reducer/reducer.h>

#include "device_ways.h"
#include "support/device.h"

// The option clip, for tensors on devices.
namespace pith::test {
namespace {

using testing::HasSubstr;

double norm_on_device(const std::vector<float>& x) {
  const cuda::Stream stream;
  cuda::DeviceScratch scratch;
  const cuda::DeviceBuffer<double> out(1);
  squared_norm(to_device(x, stream), out.span().data(), scratch, stream);
  return to_host(out.span(), stream).front();
}

const std::size_t kSizes[] = {0, 1, 255, 256, 4095, 4097, 123457, PITH_MANY_ELEMENTS};

TEST(DeviceNorm, IsExactForWholeNumbers) {
  for (const std::size_t n : kSizes) {
    std::vector<float> x(n);
    double expected = 0;
    for (std::size_t i = 0; i < n; ++i) {
      x[i] = static_cast<float>(i % 1021) - 500;
      expected += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    }
    EXPECT_EQ(norm_on_device(x), expected) << n << " elements";
  }
}

/// The error of a sum of so many additions behind each other, relative to it.
long double bound(double additions) {
  constexpr long double kUnit = std::numeric_limits<double>::epsilon() / 2;
  return static_cast<long double>(additions) * kUnit /
         (1 - static_cast<long double>(additions) * kUnit);
}

// A long double has 11 bits more, which is nothing beside the bound for these sizes.
TEST(DeviceNorm, IsWithinItsBoundOfTheSumAndOfTheHosts) {
  const Random random({.seed = 7});
  for (const std::size_t n : kSizes) {
    std::vector<float> x(n);
    long double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      x[i] = static_cast<float>(random.normal(i) * std::pow(10.0, static_cast<double>(i % 7)));
      sum += static_cast<long double>(x[i]) * static_cast<long double>(x[i]);
    }
    const double there = norm_on_device(x);
    const double here = squared_norm(std::span<const float>(x));
    const auto elements = static_cast<double>(n);
    const long double own = bound(39 + elements / (1 << 20)) * sum;
    EXPECT_LE(std::abs(there - sum), own) << n << " elements";
    EXPECT_LE(std::abs(there - here), own + bound(4 + elements / 16) * sum) << n << " elements";
  }
}

TEST(DeviceNorm, IsNotFiniteIfAnElementIsNot) {
  for (const float bad : {std::numeric_limits<float>::infinity(), NAN}) {
    std::vector<float> x(10000, 1.0f);
    x[9999] = bad;
    EXPECT_FALSE(std::isfinite(norm_on_device(x)));
  }
  EXPECT_TRUE(std::isfinite(norm_on_device({std::numeric_limits<float>::max()})));
}

using Spaces = std::vector<Space>;
const Spaces kHost(kModel.size(), Space::host);
const Spaces kMixed = {Space::device, Space::host, Space::device};

struct Clip {
  double norm;
  bool by_ranks = false;
};

/// A rank of two, or of two nodes of two.
class ClippingRank {
 public:
  ClippingRank(Communicator& communicator, const Travel& travel, Clip clip, Spaces places)
      : communicator_(communicator),
        node_(communicator.split_node()),
        devices_(travel.way == Way::node ? *node_ : communicator),
        places_(std::move(places)) {
    auto options = options_of(travel, devices_);
    options.clip = clip.norm;
    options.clip_by_ranks = clip.by_ranks;
    reducer_.emplace(communicator, options);
    for (std::size_t v = 0; v < kModel.size(); ++v) {
      reducer_->add(kModel[v].name, kModel[v].shape, ElementType::float32, places_[v]);
    }
  }

  /// Gradients times `factor`, of the matrix element 4321 as often again; of rank 1 the matrix is
  /// not there in step 1. Returns estimates.
  std::vector<std::vector<float>> step(int step, const StepOptions& options, float factor = 1,
                                       float again = 1) {
    std::vector<std::vector<float>> x;
    std::vector<cuda::DeviceBuffer<float>> there;
    for (const Variable& variable : kModel) {
      x.push_back(gradient_of(variable, communicator_.rank(), step));
      for (float& value : x.back()) value *= factor;
      if (x.size() == 1) x.back()[4321] *= again;
      there.push_back(to_device(x.back(), stream_));
    }
    for (std::size_t v = 0; v < kModel.size(); ++v) {
      give(v, step == 1 && communicator_.rank() == 1 && v == 0, x[v], there[v].span());
    }
    result_ = reducer_->wait(options);
    for (std::size_t v = 0; v < kModel.size(); ++v) {
      if (places_[v] == Space::device) x[v] = to_host(there[v].span(), stream_);
    }
    return x;
  }
  const StepResult& result() const { return result_; }

 private:
  void give(std::size_t v, bool skips, std::span<float> here, DeviceSpan<float> there) {
    const std::string& name = kModel[v].name;
    if (places_[v] == Space::host) {
      skips ? reducer_->skip(name, here) : reducer_->push(name, here);
    } else {
      skips ? reducer_->skip(name, there, stream_) : reducer_->push(name, there, stream_);
    }
  }

  Communicator& communicator_;
  std::unique_ptr<Communicator> node_;
  StagedCommunicator devices_;
  Spaces places_;
  cuda::Stream stream_;
  std::optional<Reducer> reducer_;
  StepResult result_;
};

class DeviceClip : public testing::TestWithParam<Travel> {};

// Of a norm of about 100, but for step 2, whose gradients stay as they are.
TEST_P(DeviceClip, ComesToWhatHostTensorsComeTo) {
  run_ranks(GetParam().way, [&](Communicator& communicator) {
    for (const bool by_ranks : {false, true}) {
      ClippingRank plain(communicator, GetParam(), {7, by_ranks}, kHost);
      ClippingRank there(communicator, GetParam(), {7, by_ranks}, kMixed);
      for (int step = 0; step < 4; ++step) {
        const float factor = step == 2 ? 1.0f / 1024 : 1.0f;
        const StepOptions options{.learning_rate = 0.1, .loss_scale = step == 3 ? 4.0 : 1.0};
        const auto expected = plain.step(step, options, factor);
        EXPECT_EQ(there.step(step, options, factor), expected) << "step " << step;
      }
    }
  });
}

TEST_P(DeviceClip, NamesAnElementThatIsNotFinite) {
  run_ranks(GetParam().way, [&](Communicator& communicator) {
    ClippingRank there(communicator, GetParam(), {7}, kMixed);
    const bool other = communicator.rank() == 1;
    there.step(0, {}, 1, other ? std::numeric_limits<float>::infinity() : 1.0f);
    EXPECT_FALSE(there.result().committed);
    EXPECT_THAT(there.result().reason, HasSubstr("rank 1: matrix: element 4321 is "));
    there.step(2, {});
    EXPECT_TRUE(there.result().committed);
  });
}

std::vector<Travel> travels() {
  const Case cases[] = {{"none", "none"},
                        {"none", "ef14"},
                        {"cast(fp16)", "ef21"},
                        {"onebit", "ef14"},
                        {"onebit", "none", "gather"},
                        {"topk(density=0.05)", "econtrol"},
                        {"quantize(bits=4)", "econtrol(eta=0.2)", "gather"},
                        {"topk(density=0.05)", "ef21_sgdm", "gather"},
                        {"randomk(density=0.1)", "ef21_sgdm"},
                        {"randomk(density=0.1)", "none"}};
  std::vector<Travel> all;
  for (const Way way : {Way::host, Way::devices, Way::node}) {
    for (const Case& one : cases) all.push_back({one, way});
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, DeviceClip, testing::ValuesIn(travels()));

// (3, 4) has norm 5; the other rank's is small enough.
TEST(DeviceClipping, ScalesBothWhatIsOnTheHostAndOnTheDevice) {
  run_local(2, [](Communicator& communicator) {
    const cuda::Stream stream;
    auto options = options_of({"none", "none"});
    options.clip = 1;
    Reducer reducer(communicator, options);
    reducer.add("there", {1}, ElementType::float32, Space::device);
    reducer.add("here", {1});
    const bool first = communicator.rank() == 0;
    const auto there = to_device(std::vector<float>{first ? 3.0f : 0.5f}, stream);
    std::vector<float> here{first ? 4.0f : 0.5f};
    reducer.push("there", there.span(), stream);
    reducer.push("here", std::span(here));
    reducer.wait();
    EXPECT_FLOAT_EQ(to_host(there.span(), stream).front(), (0.6f + 0.5f) / 2);
    EXPECT_FLOAT_EQ(here.front(), (0.8f + 0.5f) / 2);
  });
}

TEST(DeviceClipping, CountsGradientsIn16BitsAsFloats) {
  run_local(1, [](Communicator& communicator) {
    const cuda::Stream stream;
    auto options = options_of({"none", "none"});
    options.clip = 1;
    Reducer reducer(communicator, options);
    reducer.add("w", {2}, ElementType::bfloat16, Space::device);
    const auto w = to_device(std::vector{to_bfloat16(3), to_bfloat16(4)}, stream);
    reducer.push("w", w.span(), stream);
    reducer.wait();
    const auto clipped = to_host(w.span(), stream);
    EXPECT_EQ(to_float(clipped[0]), to_float(to_bfloat16(0.6f)));
    EXPECT_EQ(to_float(clipped[1]), to_float(to_bfloat16(0.8f)));
  });
}

// Their products are a library's.
TEST(DeviceClipping, OfLowRankIsCloseToTheHosts) {
  for (const char* const rule : {"none", "ef14"}) {
    const Travel travel{{"lowrank(rank=2)", rule}, Way::devices};
    run_ranks(travel.way, [&](Communicator& communicator) {
      ClippingRank plain(communicator, travel, {7}, kHost);
      ClippingRank there(communicator, travel, {7}, kMixed);
      for (int step = 0; step < 3; ++step) {
        const auto expected = plain.step(step, {});
        const auto estimates = there.step(step, {});
        for (std::size_t v = 0; v < kModel.size(); ++v) {
          EXPECT_THAT(estimates[v], testing::Pointwise(testing::FloatNear(2e-4f), expected[v]));
        }
      }
    });
  }
}

}  // namespace
}  // namespace pith::test
