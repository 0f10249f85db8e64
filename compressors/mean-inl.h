// SPDX-License-Identifier: Apache-2.0
// Part of kernels that are compiled once for every instruction set: the mean of a few messages in
// one pass, whatever they decode to.
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <pith/core/aligned.h>

#if defined(PITH_COMPRESSORS_MEAN_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef PITH_COMPRESSORS_MEAN_INL_H
#undef PITH_COMPRESSORS_MEAN_INL_H
#else
#define PITH_COMPRESSORS_MEAN_INL_H
#endif

HWY_BEFORE_NAMESPACE();
namespace pith::HWY_NAMESPACE {
namespace {

// How a mean is divided and stored. A product with the inverse of a power of two is the quotient.
template <class T>
class Ending {
 public:
  Ending(T divisor, const T* y, bool streamed)
      : streamed_(streamed && reinterpret_cast<std::uintptr_t>(y) % kCacheLine == 0) {
    int exponent = 0;
    inverted_ = std::frexp(divisor, &exponent) == T(0.5) && exponent > 0;
    divisor_ = inverted_ ? 1 / divisor : divisor;
  }

  T divided(T sum) const { return inverted_ ? sum * divisor_ : sum / divisor_; }

  template <class D>
  HWY_INLINE void store(D d, hwy::HWY_NAMESPACE::Vec<D> sum, T* y) const {
    namespace hn = hwy::HWY_NAMESPACE;
    const auto v = hn::Set(d, divisor_);
    const auto mean = inverted_ ? hn::Mul(sum, v) : hn::Div(sum, v);
    if (streamed_) {
      hn::Stream(mean, d, y);
    } else {
      hn::StoreU(mean, d, y);
    }
  }

 private:
  T divisor_;
  bool inverted_;
  bool streamed_;
};

// A fixed number of messages, so that each has its registers. A message has
//   values(d, i)   those of as many elements as a vector has lanes, from element i on
//   value(i)       that of one
template <std::size_t count, class Message, class T>
void mean_of(const Message* all, const Ending<T>& ending, T* y, std::size_t n) {
  namespace hn = hwy::HWY_NAMESPACE;
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d);
  Message some[count];
  for (std::size_t m = 0; m < count; ++m) some[m] = all[m];
  std::size_t i = 0;
  for (; lanes >= 8 && i + lanes <= n; i += lanes) {
    auto sum = hn::Zero(d);
    for (std::size_t m = 0; m < count; ++m) sum = hn::Add(sum, some[m].values(d, i));
    ending.store(d, sum, y + i);
  }
  for (; i < n; ++i) {
    T sum = 0;
    for (std::size_t m = 0; m < count; ++m) sum += some[m].value(i);
    y[i] = ending.divided(sum);
  }
}

// Of 1 to 8 messages.
template <class Message, class T>
void mean_of_messages(const Message* all, std::size_t count, T divisor, T* y, std::size_t n,
                      bool streamed) {
  constexpr auto kMeans = []<std::size_t... c>(std::index_sequence<c...>) {
    return std::array{mean_of<c + 1, Message, T>...};
  }
  (std::make_index_sequence<8>());
  kMeans[count - 1](all, Ending<T>(divisor, y, streamed), y, n);
}

}  // namespace
}  // namespace pith::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
