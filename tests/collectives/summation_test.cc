// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <pith/collectives/summation.h>

#include "collectives/sweep.h"

// Large means are taken block by block, and messages are hashed as they are decoded.
namespace pith::test {
namespace {

constexpr std::size_t kRanks = 3;
constexpr std::size_t kElements = (std::size_t{1} << 19) + 77;  // three blocks of the mean

/// The messages of some ranks for one unit, as they arrive.
class Arrived {
 public:
  Arrived(const std::string& spec, Communicator& alone)
      : pipeline_(parse_pipeline(spec)),
        compressor_(make_message<float>(pipeline_, Shape::flat(kElements))),
        mean_(kElements),
        round_{alone, scratch_} {
    round_.divisor = kRanks;
    unit_.name = "weight";
    unit_.codec = codec_of(pipeline_);
    unit_.elements = kElements;
    unit_.mean = mean_;
    unit_.message = compressor_.get();
    for (std::uint32_t rank = 0; rank < kRanks; ++rank) add(rank);
  }

  std::span<std::byte> message(std::size_t rank) {
    std::size_t start = 0;
    for (std::size_t r = 0; r < rank; ++r) start += sizes_[r];
    return std::span(bytes_).subspan(start, sizes_[rank]);
  }

  const std::vector<float>& mean() {
    round_.faults.clear();
    Summation<float>({&unit_, 1}, {bytes_, sizes_}, round_).mean_of_segment(0, 1);
    return mean_;
  }

  std::vector<float> plain_mean() {
    std::vector<float> sum(kElements);
    for (std::size_t r = 0; r < kRanks; ++r) {
      compressor_->decode_axpy(1, {message(r).subspan(head_bytes(1)), 0}, sum, scratch_);
    }
    for (float& value : sum) value /= kRanks;
    return sum;
  }

  const std::vector<Fault>& faults() const { return round_.faults; }

 private:
  void add(std::uint32_t rank) {
    const auto x = gradient(kElements, rank + 1);
    std::vector<std::byte> payload(compressor_->max_wire_bytes(kElements, 1));
    std::size_t size = 0;
    const std::size_t cuts[] = {0, kElements};
    payload.resize(compressor_->encode(x, cuts, {0, 0, 0, rank}, {payload, {&size, 1}}, scratch_));
    const DirectoryEntry entry{unit_.codec, payload.size()};
    std::vector<std::byte> message(head_bytes(1));
    message.insert(message.end(), payload.begin(), payload.end());
    seal(message, expected_header(round_, rank, 1), {&entry, 1});
    bytes_.insert(bytes_.end(), message.begin(), message.end());
    sizes_.push_back(message.size());
  }

  Pipeline pipeline_;
  std::unique_ptr<MessageCompressor<float>> compressor_;
  std::vector<float> mean_;
  Scratch scratch_;
  Round round_;
  Unit<float> unit_;
  std::vector<std::byte> bytes_;
  std::vector<std::size_t> sizes_;
};

template <class Body>
void for_every_codec(Body body) {
  run_local(1, [&](Communicator& alone) {
    for (const std::string spec :
         {"quantize(bits=4)", "onebit", "cast(bf16)", "topk(density=0.1)"}) {
      for (const std::size_t threads : {1u, 2u, 5u}) {
        const WithThreads several(threads);
        Arrived arrived(spec, alone);
        body(arrived, spec + " on " + std::to_string(threads));
      }
    }
  });
}

TEST(Summation, GivesThePlainMeanOfLargeTensors) {
  for_every_codec([](Arrived& arrived, const std::string& what) {
    EXPECT_EQ(arrived.mean(), arrived.plain_mean()) << what;
    EXPECT_TRUE(arrived.faults().empty()) << what;
  });
}

TEST(Summation, FindsABitFlippedAnywhereInALargeMessage) {
  for_every_codec([](Arrived& arrived, const std::string& what) {
    for (std::size_t rank = 0; rank < kRanks; ++rank) {
      const auto message = arrived.message(rank);
      for (const std::size_t at : {head_bytes(1), message.size() / 2, message.size() - 1}) {
        message[at] ^= std::byte{1};
        arrived.mean();
        ASSERT_EQ(arrived.faults().size(), 1u) << what;
        EXPECT_THAT(arrived.faults()[0].text,
                    testing::StartsWith("weight, message of rank " + std::to_string(rank) +
                                        ": open: message from rank " + std::to_string(rank) +
                                        ": checksum is 0x"))
            << what;
        message[at] ^= std::byte{1};
      }
    }
  });
}

}  // namespace
}  // namespace pith::test
