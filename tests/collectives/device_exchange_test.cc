// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include <pith/comm/local.h>
#include <pith/comm/staged_communicator.h>
#include <pith/compressors/device_message.h>

#include "collectives/device_step.h"
#include "support/usage_error.h"

namespace pith::test {
namespace {

struct Case {
  ExchangedTensor tensor;
  std::string name;
};

const Case kCases[] = {
    {{Exchange::raw, "none", "none"}, "Raw"},
    {{Exchange::raw, "none", "ef14"}, "RawUnderEf14"},
    {{Exchange::raw, "cast(fp16)", "ef14"}, "RawIn16Bits"},
    {{Exchange::raw, "cast(bf16)", "none"}, "RawInBFloat16"},
    {{Exchange::gather, "identity", "ef14"}, "Gather"},
    {{Exchange::gather, "cast(fp16)", "ef14"}, "GatherUnderEf14"},
    {{Exchange::gather, "cast(bf16)", "ef21"}, "GatherUnderEf21"},
    {{Exchange::sharded, "cast(fp16)", "none"}, "Sharded"},
    {{Exchange::sharded, "cast(bf16)", "ef14"}, "ShardedUnderEf14"},
    {{Exchange::sharded, "cast(fp16)", "ef21"}, "ShardedUnderEf21"},
    {{Exchange::gather, "topk(density=0.05)", "ef14"}, "GatherTopK"},
    {{Exchange::gather, "quantize(bits=4)", "ef14"}, "GatherQuantize"},
    {{Exchange::sharded, "onebit", "ef14"}, "ShardedOneBit"},
    {{Exchange::sharded, "quantize(bits=4)", "ef14"}, "ShardedQuantize"},
    {{Exchange::linear, "cast(fp16)", "ef14"}, "LinearCast"},
    {{Exchange::linear, "randomk(density=0.1)", "ef14"}, "Linear"},
    {{Exchange::linear, "randomk(density=0.1)|cast(fp16)", "ef14"}, "LinearIn16Bits"},
};

class DeviceExchange : public testing::TestWithParam<std::tuple<Case, int>> {};

// Three steps: what is committed in one is what the next one composes.
TEST_P(DeviceExchange, GivesTheHostsMeansAndStates) {
  const auto& [given, ranks] = GetParam();
  if (!has_device_version(given.tensor)) GTEST_SKIP() << given.tensor.compressor;
  for (const std::size_t n : {0u, 1u, 3u, 333u, 5001u}) {
    run_local(ranks, [&, tensor = given.tensor](Communicator& host) {
      StagedCommunicator comm(host);
      HostSteps expected(tensor, n, host);
      DeviceSteps steps(tensor, n, comm);
      for (std::uint64_t step = 0; step < 3; ++step) {
        EXPECT_EQ(bits_of(steps.step(step)), bits_of(expected.step(step))) << n << ' ' << step;
      }
      EXPECT_EQ(steps.fault().non_finite, 0u);
      EXPECT_EQ(steps.fault().invalid, 0u);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(All, DeviceExchange,
                         testing::Combine(testing::ValuesIn(kCases), testing::Values(1, 2, 3, 4)),
                         [](const auto& test) {
                           return std::get<Case>(test.param).name + "On" +
                                  std::to_string(std::get<int>(test.param)) + "Ranks";
                         });

// One rank's NaN is in the mean of all; two finite numbers can have an infinite sum.
TEST(DeviceExchangeFault, OfARawMeanIsNotedOnAllRanks) {
  for (const ElementType type : {ElementType::float32, ElementType::float16}) {
    for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
      run_local(3, [&](Communicator& host) {
        StagedCommunicator comm(host);
        DeviceBench bench(comm);
        std::vector<float> x(777, 1.0f);
        if (host.rank() == 1) x[500] = bad;
        const auto there = to_device(x, bench.stream);
        raw(bench.source_of(there.span()), type, there.span(), bench.round);
        const bool is_told = type == ElementType::float32 || std::isnan(bad) || host.rank() == 1;
        EXPECT_EQ(bench.fault().non_finite, is_told ? 1u : 0u);
      });
    }
  }
}

TEST(DeviceExchangeFault, OfAnOverflowIsNotedOnAllRanks) {
  run_local(2, [&](Communicator& host) {
    StagedCommunicator comm(host);
    DeviceBench bench(comm);
    const auto x =
        to_device(std::vector<float>(5, std::numeric_limits<float>::max()), bench.stream);
    raw(bench.source_of(x.span()), ElementType::float32, x.span(), bench.round);
    EXPECT_EQ(bench.fault().non_finite, 1u);
  });
}

// Overwrites what one rank has sent, before it is decoded.
class Damaging final : public DeviceMessageCompressor {
 public:
  explicit Damaging(std::size_t n)
      : inner_(make_device_message(parse_pipeline("onebit"), Shape::flat(n))) {}

  const MessageCompressor<float>& host() const override { return inner_->host(); }
  void encode(const DeviceSource& x, Cuts cuts, const RandomKey& key, const DeviceWire& wire,
              cuda::DeviceScratch& scratch, DeviceStream stream) override {
    inner_->encode(x, cuts, key, wire, scratch, stream);
  }
  void decode_mean(std::span<const DeviceSegment> segments, std::size_t first, float divisor,
                   DeviceSpan<float> mean, DeviceFault* fault, cuda::DeviceScratch& scratch,
                   DeviceStream stream) const override {
    auto* const last = const_cast<std::byte*>(segments.back().bytes.data());
    cuda::upload(std::span<const std::byte>(ones_), {last, ones_.size()}, stream);
    inner_->decode_mean(segments, first, divisor, mean, fault, scratch, stream);
  }

 private:
  std::unique_ptr<DeviceMessageCompressor> inner_;
  std::vector<std::byte> ones_ = std::vector<std::byte>(16, std::byte{0xff});
};

// What a rank receives is its own fault to find: the ranks agree when the step ends.
TEST(DeviceExchangeFault, OfAMessageIsNotedWhereItIsDecoded) {
  run_local(3, [&](Communicator& host) {
    StagedCommunicator comm(host);
    const std::size_t n = 1000;
    const auto x = to_device(std::vector<float>(n, 1.0f), nullptr);
    const cuda::DeviceBuffer<float> mean(n);
    const auto whole = make_device_message(parse_pipeline("onebit"), Shape::flat(n));
    Damaging damaging(n);
    DeviceMessageCompressor& mine = host.rank() == 1 ? damaging : *whole;
    DeviceBench gathers(comm);
    gather({gathers.source_of(x.span()), mine}, mean.span(), gathers.round);
    EXPECT_EQ(gathers.fault().invalid, host.rank() == 1 ? 1u : 0u);
    DeviceBench shards(comm);
    sharded({shards.source_of(x.span()), *whole}, {{}, mine}, mean.span(), shards.round);
    EXPECT_EQ(shards.fault().invalid, host.rank() == 1 ? 1u : 0u);
  });
}

std::size_t place(const std::string& compressor, const std::vector<std::size_t>& cuts) {
  return make_device_message(parse_pipeline(compressor), Shape::flat(cuts.back()))
      ->place_bytes(cuts);
}

// Places: of the whole, of the largest of three segments, and of the largest owner's message.
TEST(DeviceExchangeBytes, AreThoseOfTheLargestMessages) {
  run_local(3, [&](Communicator& host) {
    StagedCommunicator comm(host);
    const auto bytes_of = [&](const ExchangedTensor& tensor) {
      DeviceSteps steps(tensor, 1009, comm);
      const auto before = comm.wire_bytes();
      steps.step(0);
      return comm.wire_bytes() - before;
    };
    EXPECT_EQ(bytes_of({Exchange::raw, "none", "none"}), (4u * 4036 + 2) / 3);
    EXPECT_EQ(bytes_of({Exchange::gather, "cast(fp16)", "none"}),
              2u * place("cast(fp16)", {0, 1009}));
    EXPECT_EQ(bytes_of({Exchange::sharded, "cast(fp16)", "none"}),
              2u * place("cast(fp16)", {0, 336, 672, 1009}) + 2u * place("cast(fp16)", {0, 337}));
    EXPECT_EQ(bytes_of({Exchange::gather, "topk(k=10)", "none"}),
              2u * place("topk(k=10)", {0, 1009}));
    EXPECT_LT(place("topk(k=10)", {0, 1009}), 150u);
    EXPECT_EQ(bytes_of({Exchange::linear, "cast(fp16)", "none"}), (4u * 2018 + 2) / 3);
  });
}

TEST(DeviceExchangeRefusal, IsOfAMeanThatDoesNotFit) {
  run_local(1, [&](Communicator& host) {
    StagedCommunicator comm(host);
    DeviceBench bench(comm);
    const cuda::DeviceBuffer<float> x(10);
    EXPECT_EQ(usage_error([&] {
                raw(bench.source_of(x.span()), ElementType::float32, x.span().first(9),
                    bench.round);
              }),
              "raw: a mean of 9 elements, 10 are sent");
  });
}

}  // namespace
}  // namespace pith::test
