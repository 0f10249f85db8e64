// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <pith/collectives/summation.h>
#include <pith/reducer/all_reduce.h>

#include "collectives/sweep.h"

// Large means are taken block by block, and messages are hashed as they are decoded.
namespace pith::test {
namespace {

constexpr std::size_t kRanks = 3;
constexpr std::size_t kUnits = 2;
constexpr std::size_t kElements = (std::size_t{1} << 20) + 77;  // segments of three blocks

/// The messages of some ranks as they arrive: a segment of each of two units.
class Arrived {
 public:
  /// The last of so many segments.
  Arrived(const std::string& spec, std::size_t segments, Communicator& alone)
      : pipeline_(parse_pipeline(spec)), segments_(segments), round_{alone, scratch_} {
    round_.divisor = kRanks;
    compressor_ = make_message<float>(pipeline_, Shape::flat(kElements));
    for (std::size_t u = 0; u < kUnits; ++u) {
      means_.emplace_back(kElements);
      units_.push_back({.name = u == 0 ? "weight" : "bias",
                        .codec = codec_of(pipeline_),
                        .elements = kElements,
                        .gradient = {},
                        .mean = means_.back(),
                        .message = compressor_.get(),
                        .owner_message = compressor_.get(),
                        .cost = {}});
    }
    for (std::uint32_t rank = 0; rank < kRanks; ++rank) add(rank);
  }

  std::span<std::byte> message(std::size_t rank) {
    std::size_t start = 0;
    for (std::size_t r = 0; r < rank; ++r) start += sizes_[r];
    return std::span(bytes_).subspan(start, sizes_[rank]);
  }

  std::vector<std::vector<float>> means() {
    round_.faults.clear();
    Summation<float>(units_, {bytes_, sizes_}, round_).mean_of_segment(segments_ - 1, segments_);
    return means_;
  }

  std::vector<std::vector<float>> plain_means() {
    std::vector<std::vector<float>> sums(kUnits, std::vector<float>(kElements));
    const std::size_t first = block_start(kElements, segments_, segments_ - 1);
    for (std::size_t r = 0; r < kRanks; ++r) {
      std::size_t offset = head_bytes(kUnits);
      for (std::size_t u = 0; u < kUnits; ++u) {
        const auto payload = message(r).subspan(offset, payload_bytes_[r * kUnits + u]);
        compressor_->decode_axpy(1, {payload, first}, std::span(sums[u]).subspan(first), scratch_);
        offset += payload.size();
      }
    }
    for (auto& sum : sums) {
      for (float& value : sum) value /= kRanks;
    }
    return sums;
  }

  const std::vector<Fault>& faults() const { return round_.faults; }

 private:
  std::vector<std::byte> payload(std::uint32_t rank, std::size_t unit) {
    const auto x = gradient(kElements, rank + kRanks * unit + 1);
    std::vector<std::byte> bytes(compressor_->max_wire_bytes(kElements, segments_));
    std::vector<std::size_t> sizes(segments_);
    const auto cuts = even_cuts(kElements, segments_, scratch_);
    const std::size_t all = compressor_->encode(x, cuts, {0, 0, 0, rank}, {bytes, sizes}, scratch_);
    return {bytes.begin() + static_cast<std::ptrdiff_t>(all - sizes.back()),
            bytes.begin() + static_cast<std::ptrdiff_t>(all)};
  }

  void add(std::uint32_t rank) {
    std::vector<std::byte> message(head_bytes(kUnits));
    std::vector<DirectoryEntry> directory;
    for (std::size_t u = 0; u < kUnits; ++u) {
      const auto bytes = payload(rank, u);
      message.insert(message.end(), bytes.begin(), bytes.end());
      directory.push_back({units_[u].codec, bytes.size()});
      payload_bytes_.push_back(bytes.size());
    }
    seal(message, expected_header(round_, rank, kUnits), directory);
    bytes_.insert(bytes_.end(), message.begin(), message.end());
    sizes_.push_back(message.size());
  }

  Pipeline pipeline_;
  std::size_t segments_;
  std::unique_ptr<MessageCompressor<float>> compressor_;
  std::vector<std::vector<float>> means_;
  std::vector<Unit<float>> units_;
  Scratch scratch_;
  Round round_;
  std::vector<std::byte> bytes_;
  std::vector<std::size_t> sizes_;
  std::vector<std::size_t> payload_bytes_;  // rank by rank, unit by unit
};

template <class Body>
void for_every_codec(Body body) {
  run_local(1, [&](Communicator& alone) {
    for (const std::string spec :
         {"quantize(bits=4)", "onebit", "cast(bf16)", "topk(density=0.1)"}) {
      for (const std::size_t segments : {1u, 2u}) {
        Arrived arrived(spec, segments, alone);
        for (const std::size_t threads : {1u, 2u, 5u}) {
          const WithThreads several(threads);
          body(arrived, spec + " on " + std::to_string(threads));
        }
      }
    }
  });
}

TEST(Summation, GivesThePlainMeanOfLargeTensors) {
  for_every_codec([](Arrived& arrived, const std::string& what) {
    EXPECT_EQ(arrived.means(), arrived.plain_means()) << what;
    EXPECT_TRUE(arrived.faults().empty()) << what;
  });
}

// Owners' segments, each from its own message, counted from the segment's start.
TEST(Summation, JoinsLargeSegments) {
  const auto run = [](int ranks, std::size_t threads) {
    const WithThreads several(threads);
    std::vector<float> mean;
    run_local(ranks, [&](Communicator& communicator) {
      const auto rank = static_cast<std::uint64_t>(communicator.rank());
      auto x = gradient(3 * kElements, rank + 1);
      all_reduce_mean(communicator, "x", std::span(x), "quantize(bits=8)", "none");
      if (rank == 0) mean = x;
    });
    return mean;
  };
  const auto mean = run(3, 1);
  EXPECT_EQ(run(3, 2), mean);
  std::vector<std::vector<float>> gradients;
  for (std::uint64_t r = 0; r < 3; ++r) gradients.push_back(gradient(3 * kElements, r + 1));
  for (std::size_t i = 0; i < mean.size(); ++i) {
    float sum = 0;
    for (const auto& x : gradients) sum += x[i];
    ASSERT_NEAR(mean[i], sum / 3, 0.3) << i;
  }
}

TEST(Summation, FindsABitFlippedAnywhereInALargeMessage) {
  for_every_codec([](Arrived& arrived, const std::string& what) {
    for (std::size_t rank = 0; rank < kRanks; ++rank) {
      const auto message = arrived.message(rank);
      for (const std::size_t at : {head_bytes(kUnits), message.size() / 2, message.size() - 1}) {
        message[at] ^= std::byte{1};
        arrived.means();
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
