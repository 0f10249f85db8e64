// SPDX-License-Identifier: Apache-2.0
#include <cstddef>

#include <pith/collectives/all_reduce_16bit.h>
#include <pith/comm/mean_16bit.h>
#include <pith/core/convert.h>

namespace pith {
namespace {

template <class H, Element T>
void all_reduce_mean(std::span<T> x, T divisor, Round& round) {
  const Scratch::Frame frame(round.scratch);
  const auto numbers = round.scratch.take<std::byte>(x.size() * sizeof(H));
  narrow<H>(std::span<const T>(x), numbers);
  all_reduce_mean_of<H>(numbers, divisor, round.communicator, round.scratch);
  widen<H>(std::span<const std::byte>(numbers), x);
}

}  // namespace

template <Element T>
void all_reduce_mean_16bit(std::span<T> x, ElementType type, T divisor, Round& round) {
  if (type == ElementType::float16) {
    all_reduce_mean<Half>(x, divisor, round);
  } else {
    all_reduce_mean<BFloat16>(x, divisor, round);
  }
}

template void all_reduce_mean_16bit(std::span<float>, ElementType, float, Round&);
template void all_reduce_mean_16bit(std::span<double>, ElementType, double, Round&);

}  // namespace pith
