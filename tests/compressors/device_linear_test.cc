// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include <gmock/gmock.h>

#include <pith/compressors/lowrank.h>
#include <pith/compressors/orthonormalise.h>
#include <pith/compressors/product.h>

#include "compressors/device_linear_step.h"
#include "compressors/linear_ranks.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

// Zeros of both signs, equal ones, what no 16-bit number holds, and the least and largest numbers.
std::vector<float> peculiar(std::size_t n, std::uint64_t step) {
  constexpr float kNumbers[] = {0.0f,  -0.0f, 1e-40f,      -1e-45f, 70000.0f,
                                -1.0f, 1e-8f, -0x1.8p-25f, 3e33f,   -65520.0f};
  auto x = gaussian<float>(n, step);
  for (std::size_t i = 0; i < n; i += 3) x[i] = kNumbers[(i / 3 + step) % std::size(kNumbers)];
  return x;
}

void expect_same_states(HostLinear& host, DeviceLinear& device, DeviceStream stream) {
  for (const DeviceStateView& state : device.states()) {
    for (const StateView<float>& expected : host.states()) {
      if (expected.name != state.name) continue;
      EXPECT_EQ(bits_of(to_host(state.values, stream)), bits_of(expected.values)) << state.name;
    }
  }
}

void expect_the_hosts_bits(const LinearTensor& tensor) {
  SCOPED_TRACE(tensor.spec + " " + tensor.rule + " " + tensor.shape.text());
  const cuda::Stream stream;
  HostLinear host(tensor);
  DeviceLinear device(tensor, stream);
  for (std::uint64_t step = 0; step < 3; ++step) {
    const auto gradient = peculiar(tensor.shape.elements(), step);
    const auto expected = host.step(gradient, step);
    host.commit(host.compressor().own());
    const auto factors = device.step(gradient, step, host.averages);
    ASSERT_EQ(bits_of(factors[0]), bits_of(expected[0])) << "step " << step;
    EXPECT_EQ(bits_of(device.mean), bits_of(host.mean)) << "step " << step;
    EXPECT_FALSE(device.found_non_finite());
    host.accept();
    device.accept();
    expect_same_states(host, device, stream);
  }
}

class DeviceLinearRule : public testing::TestWithParam<std::string> {};

TEST_P(DeviceLinearRule, RandomKHasTheBitsOfTheHosts) {
  for (const std::size_t n : {1u, 31u, 1000u, 8192u, 8193u, 30000u}) {
    expect_the_hosts_bits({"randomk(density=0.05)", GetParam(), Shape::flat(n)});
  }
  for (const char* spec : {"randomk(density=1)", "randomk(density=0.3,scale=unbiased)",
                           "randomk(k=900)|cast(fp16)", "randomk(k=900)|cast(bf16)"}) {
    expect_the_hosts_bits({spec, GetParam(), Shape{37, 50}});
  }
}

TEST_P(DeviceLinearRule, CastHasTheBitsOfTheHosts) {
  for (const char* spec : {"cast(fp16)", "cast(bf16)"}) {
    for (const std::size_t n : {1u, 33u, 1024u, 20001u}) {
      expect_the_hosts_bits({spec, GetParam(), Shape::flat(n)});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, DeviceLinearRule,
                         testing::Values("none", "ef14", "ef21", "ef21_sgdm(eta=0.3)",
                                         "econtrol(eta=0.1)"));

// Only the products come from BLAS, so both sides are given the host's averages, and the host's
// rule is told what the device's own factors stand for.
void expect_the_hosts_bits_behind_the_products(const LinearTensor& tensor) {
  SCOPED_TRACE(tensor.spec + " " + tensor.rule + " " + tensor.shape.text());
  const cuda::Stream stream;
  HostLinear host(tensor);
  DeviceLinear device(tensor, stream);
  for (std::uint64_t step = 0; step < 3; ++step) {
    const auto gradient = gaussian<float>(tensor.shape.elements(), step);
    const auto expected = host.step(gradient, step);
    const auto factors = device.step(gradient, step, host.averages);
    for (std::size_t round = 0; round < 2; ++round) {
      const std::vector<float> zero(expected[round].size());
      EXPECT_LE(squared_distance(factors[round], expected[round]),
                1e-10 * squared_distance(expected[round], zero));
    }
    EXPECT_EQ(bits_of(device.mean), bits_of(host.mean)) << "step " << step;
    auto p = host.averages[0];
    const std::size_t rank = p.size() / tensor.shape.rows();
    const Random random({3, 17, step, kSharedByRanks});
    orthonormalise<float>({p, rank, tensor.shape.rows()}, random, LowRank<float>::kLeftBlocks);
    host.commit(
        Product<float>({p, rank, tensor.shape.rows()}, {factors[1], rank, tensor.shape.columns()}));
    host.accept();
    device.accept();
    expect_same_states(host, device, stream);
    for (const StateView<float>& q : host.compressor().states()) {
      EXPECT_EQ(bits_of(to_host(device.compressor().state(), stream)), bits_of(q.values));
    }
  }
}

TEST_P(DeviceLinearRule, LowRankHasTheBitsOfTheHostsBehindTheProducts) {
  for (const Shape& shape : {Shape{1, 1}, Shape{1, 50}, Shape{50, 1}, Shape{70, 90}}) {
    expect_the_hosts_bits_behind_the_products({"lowrank(rank=3)", GetParam(), shape});
  }
}

TEST(DeviceLowRank, HasTheBitsOfTheHostsForAnyShapeAndRank) {
  for (const char* spec : {"lowrank(rank=1)", "lowrank(rank=9)", "lowrank(rank=4,warm=false)"}) {
    for (const Shape& shape : {Shape{33, 300}, Shape{300, 17}, Shape{10, 5, 6}}) {
      expect_the_hosts_bits_behind_the_products({spec, "ef14", shape});
    }
  }
}

// Up to rank 8, and where rows are not too few, the products are those of the host too.
TEST(DeviceLowRank, HasTheFactorsOfTheHosts) {
  for (const char* spec :
       {"lowrank(rank=1)", "lowrank(rank=4)", "lowrank(rank=5)|cast(fp16)", "lowrank(rank=8)"}) {
    for (const Shape& shape : {Shape{1, 1}, Shape{9, 15}, Shape{257, 33}, Shape{520, 150}}) {
      const cuda::Stream stream;
      const LinearTensor tensor{spec, "econtrol(eta=0.1)", shape};
      HostLinear host(tensor);
      DeviceLinear device(tensor, stream);
      for (std::uint64_t step = 0; step < 2; ++step) {
        const auto gradient = gaussian<float>(shape.elements(), step);
        const auto expected = host.step(gradient, step);
        const auto factors = device.step(gradient, step, host.averages);
        for (std::size_t round = 0; round < 2; ++round) {
          ASSERT_EQ(bits_of(factors[round]), bits_of(expected[round]))
              << spec << " " << shape.text() << " round " << round;
        }
        host.commit(host.compressor().own());
        host.accept();
        device.accept();
        expect_same_states(host, device, stream);
      }
    }
  }
}

// 16-bit numbers next to each other are further apart than the products' errors, so few differ.
TEST(DeviceLowRank, RoundsItsFactors) {
  const cuda::Stream stream;
  const LinearTensor tensor{"lowrank(rank=1)|cast(bf16)", "none", Shape{1, 60}};
  HostLinear host(tensor);
  DeviceLinear device(tensor, stream);
  const auto gradient = gaussian<float>(60, 1);
  const auto expected = host.step(gradient, 0);
  const auto factors = device.step(gradient, 0, host.averages);
  for (std::size_t round = 0; round < 2; ++round) {
    std::size_t differ = 0;
    for (std::size_t i = 0; i < factors[round].size(); ++i) {
      EXPECT_EQ(bits_of(factors[round])[i] & 0xffffu, 0u);
      differ += factors[round][i] != expected[round][i] ? 1 : 0;
    }
    EXPECT_LE(differ, 2u);
  }
}

// A finite row, of which one of the 16 sums is infinite and another minus that.
TEST(DeviceLowRank, WhatIsNotANumberInAFactorStaysSo) {
  const cuda::Stream stream;
  std::vector<float> large(32 * 1024, 0.0f);
  for (std::size_t i = 0; i < 1024; i += 16) large[i] = 3e38f, large[i + 1] = -3e38f;
  for (const char* spec : {"lowrank(rank=1)|cast(bf16)", "lowrank(rank=1)|cast(fp16)"}) {
    const LinearTensor tensor{spec, "none", Shape{32, 1024}};
    HostLinear host(tensor);
    DeviceLinear device(tensor, stream);
    const std::vector<float> ones(large.size(), 1.0f);  // so Q is the same everywhere
    host.step(ones, 0);
    device.step(ones, 0, host.averages);
    host.accept();
    device.accept();
    EXPECT_TRUE(std::isnan(host.step(large, 1)[0][0])) << spec;
    EXPECT_TRUE(std::isnan(device.step(large, 1, host.averages)[0][0])) << spec;
  }
}

TEST(DeviceLowRank, KeepsItsStateWhenTheAverageOverflowed) {
  const cuda::Stream stream;
  const LinearTensor tensor{"lowrank(rank=1)", "ef14", Shape{4, 5}};
  DeviceLinear device(tensor, stream);
  const auto gradient = gaussian<float>(20, 1);
  const std::vector<float> p{1, 2, 3, 4}, q{1, 2, 3, 4, 5};
  device.step(gradient, 0, {p, q});
  device.accept();
  device.step(gradient, 1, {p, {1, 2, HUGE_VALF, 4, 5}});
  device.accept();
  EXPECT_EQ(to_host(device.compressor().state(), stream), q);
}

TEST(DeviceLowRank, AStepThatIsNotAcceptedChangesNoState) {
  const cuda::Stream stream;
  DeviceLinear device({"lowrank(rank=1)", "ef14", Shape{4, 5}}, stream);
  device.step(gaussian<float>(20, 1), 0, {{1, 2, 3, 4}, {1, 2, 3, 4, 5}});
  EXPECT_THAT(to_host(device.compressor().state(), stream), testing::Each(0.0f));
}

TEST(DeviceLowRank, StartsFromAnotherRanksColumns) {
  const cuda::Stream stream;
  const Shape shape{4, 5};
  DeviceLinear before({"lowrank(rank=2)", "ef14", shape}, stream);
  const std::vector<float> q{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  before.step(gaussian<float>(20, 1), 0, {std::vector<float>(8, 1.0f), q});
  before.accept();
  const auto started = [&](const char* spec, const Shape& other) {
    const auto after = make_device_linear(parse_pipeline(spec), other, stream);
    after->start_from(before.compressor(), stream);
    return to_host(after->state(), stream);
  };
  EXPECT_EQ(started("lowrank(rank=1)", shape), (std::vector<float>{1, 2, 3, 4, 5}));
  EXPECT_EQ(started("lowrank(rank=3)", shape),
            (std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0, 0, 0, 0}));
  EXPECT_THAT(started("lowrank(rank=1)", {5, 4}), testing::Each(0.0f));
}

// More tiles of a mask, and more work for threads, than are taken at once.
TEST(DeviceLinear, TakesLargeTensors) {
  const auto expect_the_hosts_step = [](const LinearTensor& tensor) {
    const cuda::Stream stream;
    HostLinear host(tensor);
    DeviceLinear device(tensor, stream);
    std::vector<float> gradient(tensor.shape.elements());
    for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] = static_cast<float>(i % 991);
    const auto expected = host.step(gradient, 0);
    EXPECT_TRUE(device.step(gradient, 0, host.averages) == expected) << tensor.spec;
    EXPECT_TRUE(device.mean == host.mean) << tensor.spec;
  };
  expect_the_hosts_step({"randomk(density=0.0001)", "none", Shape::flat(2200 * 8192 + 77)});
  expect_the_hosts_step({"cast(fp16)", "none", Shape::flat(2'300'000)});
  expect_the_hosts_step({"lowrank(rank=1)", "none", Shape{70'000, 33}});
}

class DeviceLinearSpec : public testing::TestWithParam<std::string> {};

TEST_P(DeviceLinearSpec, NotesWhatIsNotFinite) {
  const cuda::Stream stream;
  const LinearTensor tensor{GetParam(), "ef14", Shape{40, 250}};
  const std::size_t n = tensor.shape.elements();
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -HUGE_VALF}) {
    for (const std::size_t place : {std::size_t{0}, n / 2, n - 1}) {
      HostLinear zeros(tensor);
      zeros.step(std::vector<float>(n), 0);
      DeviceLinear device(tensor, stream);
      std::vector<float> gradient(n);
      gradient[place] = bad;
      device.step(gradient, 0, zeros.averages);
      EXPECT_TRUE(device.found_non_finite()) << place;
    }
  }
}

TEST_P(DeviceLinearSpec, SaysWhatTheHostsDoes) {
  for (const Shape& shape : {Shape{40, 250}, Shape{3, 7}, Shape{0, 5}}) {
    const auto host = make_linear<float>(parse_pipeline(GetParam()), shape);
    const auto device = make_device_linear(parse_pipeline(GetParam()), shape, nullptr);
    EXPECT_EQ(device->rounds(), host->rounds());
    EXPECT_EQ(device->factor_type(), host->factor_type());
    for (int round = 0; round < host->rounds(); ++round) {
      EXPECT_EQ(device->factor_elements(round), host->factor_elements(round));
    }
    EXPECT_EQ(device->guarantee().contraction, host->guarantee().contraction);
    EXPECT_EQ(device->guarantee().variance, host->guarantee().variance);
  }
}

TEST_P(DeviceLinearSpec, TakesNoMemoryInItsSecondStep) {
  const cuda::Stream stream;
  const LinearTensor tensor{GetParam(), "ef21", Shape{700, 750}};
  HostLinear host(tensor);
  DeviceLinear device(tensor, stream);
  const auto gradient = gaussian<float>(100'000, 1);
  std::vector<float> x(tensor.shape.elements());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = gradient[i % gradient.size()];
  host.step(x, 0);
  device.step(x, 0, host.averages);
  device.step(x, 1, host.averages);  // several pieces have become one
  const std::size_t held = device.scratch_bytes();
  device.step(x, 2, host.averages);
  EXPECT_EQ(device.scratch_bytes(), held);
}

TEST_P(DeviceLinearSpec, TakesATensorWithoutElements) {
  const cuda::Stream stream;
  const LinearTensor tensor{GetParam(), "ef14", Shape{0, 5}};
  HostLinear host(tensor);
  DeviceLinear device(tensor, stream);
  host.step({}, 0);
  device.step({}, 0, host.averages);
  device.accept();
  EXPECT_FALSE(device.found_non_finite());
}

INSTANTIATE_TEST_SUITE_P(All, DeviceLinearSpec,
                         testing::Values("randomk(density=0.05)", "randomk(k=3)|cast(fp16)",
                                         "cast(bf16)", "lowrank(rank=2)",
                                         "lowrank(rank=1,warm=false)|cast(bf16)"));

TEST(DeviceLinearKinds, ThatAreNotThereAreNamed) {
  const auto refusal = [](const char* spec, const Shape& shape) {
    return usage_error([&] { make_device_linear(parse_pipeline(spec), shape, nullptr); });
  };
  EXPECT_THAT(refusal("acp(rank=4)", {9, 9}), testing::HasSubstr("acp has no device version"));
  EXPECT_THAT(refusal("topk(density=0.1)", {9, 9}), testing::HasSubstr("not of the linear kind"));
  EXPECT_THAT(refusal("lowrank(rank=4)", {9}), testing::HasSubstr("not a matrix"));
  EXPECT_THAT(refusal("randomk(k=4)", {65536, 65536}), testing::HasSubstr("2^32 elements or more"));
}

}  // namespace
}  // namespace pith::test
