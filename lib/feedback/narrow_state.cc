// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <concepts>
#include <limits>
#include <type_traits>
#include <utility>

#include <pith/feedback/narrow_state.h>

namespace pith {
namespace {

constexpr std::size_t kBlock = 128;
constexpr int kLargestCode = 127;
constexpr int kSmallestExponent = -120;  // its power and that of its opposite are normal floats

// Numbers without their sign are in the order of their bits: maxima of integers, unlike those of
// floats, are taken several at once.
template <Element T>
T largest_magnitude(std::span<const T> x) {
  using Bits = std::conditional_t<std::same_as<T, float>, std::uint32_t, std::uint64_t>;
  Bits largest = 0;
  for (const T value : x) largest = std::max(largest, std::bit_cast<Bits>(value) << 1);
  return std::bit_cast<T>(largest >> 1);
}

// The smallest e with |x| < 128 * 2^e for all |x| <= largest. Codes of what was decoded are the
// same again.
template <Element T>
int exponent_of(T largest) {
  if (largest == 0) return kSmallestExponent;
  int exponent = 0;
  std::frexp(largest, &exponent);  // largest < 2^exponent
  return std::max(kSmallestExponent, exponent - 7);
}

// Adding a number whose last bit counts 1 rounds to whole numbers as std::rint does, but without a
// call.
template <Element T>
void encode_block(std::span<const T> x, int exponent, std::span<std::int8_t> codes) {
  constexpr T kWhole = T(3) * (std::uint64_t{1} << (std::numeric_limits<T>::digits - 2));
  const T inverse = std::ldexp(T(1), -exponent);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const T code = (x[i] * inverse + kWhole) - kWhole;
    const T bounded = std::min(std::max(code, T(-kLargestCode)), T(kLargestCode));
    codes[i] = static_cast<std::int8_t>(static_cast<std::int32_t>(bounded));
  }
}

}  // namespace

template <Element T>
NarrowState<T>::NarrowState(std::size_t n, Commit commit, Narrow kind)
    : n_(n), kind_(kind), current_(make_copy()) {
  if (commit == Commit::step) next_ = make_copy();
}

template <Element T>
auto NarrowState<T>::make_copy() const -> Copy {
  if (kind_ == Narrow::bf16) return {std::vector<BFloat16>(n_), {}, {}};
  return {{}, std::vector<std::int8_t>(n_), std::vector<std::int16_t>((n_ + kBlock - 1) / kBlock)};
}

template <Element T>
void NarrowState<T>::begin() {
  take_view();
  shown_ = {};
}

template <Element T>
void NarrowState<T>::read(Range range, std::span<T> out) const {
  if (kind_ == Narrow::bf16) {
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<T>(to_float(current_.numbers[range.begin + i]));
    }
    return;
  }
  for (std::size_t i = range.begin; i < range.end;) {
    const std::size_t end = std::min(range.end, (i / kBlock + 1) * kBlock);
    const T unit = std::ldexp(T(1), current_.exponents[i / kBlock]);
    for (; i < end; ++i) out[i - range.begin] = static_cast<T>(current_.codes[i]) * unit;
  }
}

template <Element T>
void NarrowState<T>::encode(std::span<const T> x, Copy& copy) const {
  if (kind_ == Narrow::bf16) {
    for (std::size_t i = 0; i < n_; ++i) {
      const T number = std::isnan(x[i]) ? T(0) : x[i];
      const T bounded = std::clamp(number, T(-kLargestBFloat16), T(kLargestBFloat16));
      copy.numbers[i] = to_bfloat16(static_cast<float>(bounded));
    }
    return;
  }
  for (std::size_t b = 0; b < copy.exponents.size(); ++b) {
    const Range range{b * kBlock, std::min(n_, (b + 1) * kBlock)};
    const auto codes = slice(std::span(copy.codes), range);
    const T largest = largest_magnitude(slice(x, range));
    if (!std::isfinite(largest)) {
      std::ranges::fill(codes, std::int8_t{0});
      continue;
    }
    const int exponent = exponent_of(largest);
    copy.exponents[b] = static_cast<std::int16_t>(exponent);
    encode_block(slice(x, range), exponent, codes);
  }
}

template <Element T>
void NarrowState<T>::write_zeros() {
  std::ranges::fill(next().numbers, BFloat16{});
  std::ranges::fill(next().codes, std::int8_t{0});
}

template <Element T>
void NarrowState<T>::accept() {
  if (!next_.empty()) std::swap(current_, next_);
}

template <Element T>
void NarrowState<T>::take_view() {
  if (!shown_.empty()) encode(shown_, current_);
}

template <Element T>
StateView<T> NarrowState<T>::view(std::string name) {
  take_view();
  shown_.resize(n_);
  read({0, n_}, shown_);
  return {.name = std::move(name), .scope = Scope::per_rank, .values = shown_};
}

template class NarrowState<float>;
template class NarrowState<double>;

}  // namespace pith
