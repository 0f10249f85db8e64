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

Random::Random(const RandomKey& key) : step_(key.step) {
  const std::uint64_t mixed = mix(mix(mix(key.seed) ^ key.tensor) ^ key.rank);
  key_ = {low(mixed), high(mixed)};
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
