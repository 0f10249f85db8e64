// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace pith {

/// Stands for the rank where all ranks must draw the same numbers.
inline constexpr std::uint32_t kSharedByRanks = 0xffffffffu;

/// What a stream of random numbers depends on, apart from the element's index.
struct RandomKey {
  std::uint64_t seed = 0;
  std::uint64_t tensor = 0;  ///< hash of the tensor's name
  std::uint64_t step = 0;
  std::uint32_t rank = kSharedByRanks;

  bool operator==(const RandomKey&) const = default;
};

/// Counter-based random numbers: the i-th number is a pure function of (key, i), so any order, any
/// thread, any instruction set and any device sees the same ones.
///
///   block(i) = philox4x32_10(counter = (i, step), key = mix(seed, tensor, rank)),  4 words each
///
/// Cost    ten multiply rounds per four words.
/// Source  Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
class Random {
 public:
  using Block = std::array<std::uint32_t, 4>;

  constexpr explicit Random(const RandomKey& key);

  /// The four words numbered 4*i to 4*i + 3.
  constexpr Block block(std::uint64_t i) const;

  /// Word number `index`.
  constexpr std::uint32_t at(std::uint64_t index) const { return block(index / 4)[index % 4]; }

  /// Uniform in [0, 1): the upper 24 bits of word `index`, exact in a float.
  constexpr float uniform(std::uint64_t index) const { return uniform_of(at(index)); }
  /// uniform() of an index whose word this is.
  static constexpr float uniform_of(std::uint32_t word) {
    return static_cast<float>(word >> 8) * 0x1p-24f;
  }

  /// Uniform in {0, ..., bound - 1} from words 2*index and 2*index + 1 (bias below bound / 2^64).
  constexpr std::uint64_t below(std::uint64_t bound, std::uint64_t index) const;

  /// Standard normal (Box-Muller on words 2*index and 2*index + 1).
  double normal(std::uint64_t index) const;

 private:
  std::uint64_t step_;
  std::array<std::uint32_t, 2> key_;
};

/// The bare generator, for its published test vectors.
constexpr Random::Block philox4x32_10(Random::Block c, std::array<std::uint32_t, 2> k) {
  const auto low = [](std::uint64_t x) { return static_cast<std::uint32_t>(x); };
  const auto high = [](std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); };
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xd2511f53u} * c[0];
    const std::uint64_t b = std::uint64_t{0xcd9e8d57u} * c[2];
    c = {high(b) ^ c[1] ^ k[0], low(b), high(a) ^ c[3] ^ k[1], low(a)};
    k = {k[0] + 0x9e3779b9u, k[1] + 0xbb67ae85u};
  }
  return c;
}

constexpr Random::Random(const RandomKey& key) : step_(key.step), key_{} {
  // The finalizer of SplitMix64: every input bit reaches every output bit.
  const auto mix = [](std::uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  };
  const std::uint64_t mixed = mix(mix(mix(key.seed) ^ key.tensor) ^ key.rank);
  key_ = {static_cast<std::uint32_t>(mixed), static_cast<std::uint32_t>(mixed >> 32)};
}

constexpr Random::Block Random::block(std::uint64_t i) const {
  return philox4x32_10({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i >> 32),
                        static_cast<std::uint32_t>(step_), static_cast<std::uint32_t>(step_ >> 32)},
                       key_);
}

constexpr std::uint64_t Random::below(std::uint64_t bound, std::uint64_t index) const {
  __extension__ using Wide = unsigned __int128;
  const Block words = block(index / 2);
  const bool odd = index % 2 != 0;
  const std::uint64_t upper = odd ? words[2] : words[0];
  const std::uint64_t word = upper << 32 | (odd ? words[3] : words[1]);
  return static_cast<std::uint64_t>((static_cast<Wide>(word) * bound) >> 64);
}

}  // namespace pith
