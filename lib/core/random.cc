// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <numbers>

#include <pith/core/random.h>

namespace pith {
namespace {

// The finalizer of SplitMix64: every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

std::uint64_t join(std::uint32_t upper, std::uint32_t lower) {
  return static_cast<std::uint64_t>(upper) << 32 | lower;
}

}  // namespace

Random::Block philox4x32_10(Random::Block c, std::array<std::uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xd2511f53u} * c[0];
    const std::uint64_t b = std::uint64_t{0xcd9e8d57u} * c[2];
    c = {high(b) ^ c[1] ^ k[0], low(b), high(a) ^ c[3] ^ k[1], low(a)};
    k = {k[0] + 0x9e3779b9u, k[1] + 0xbb67ae85u};
  }
  return c;
}

Random::Random(const RandomKey& key) : step_(key.step) {
  const std::uint64_t mixed = mix(mix(mix(key.seed) ^ key.tensor) ^ key.rank);
  key_ = {low(mixed), high(mixed)};
}

Random::Block Random::block(std::uint64_t i) const {
  return philox4x32_10({low(i), high(i), low(step_), high(step_)}, key_);
}

std::uint64_t Random::below(std::uint64_t bound, std::uint64_t index) const {
  __extension__ using Wide = unsigned __int128;
  const std::uint64_t word = join(at(2 * index), at(2 * index + 1));
  return static_cast<std::uint64_t>((static_cast<Wide>(word) * bound) >> 64);
}

double Random::normal(std::uint64_t index) const {
  const double u = (at(2 * index) + 0.5) * 0x1p-32;
  const double v = (at(2 * index + 1) + 0.5) * 0x1p-32;
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

}  // namespace pith
