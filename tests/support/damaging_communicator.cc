// SPDX-License-Identifier: Apache-2.0
#include "support/damaging_communicator.h"

namespace pith::test {
namespace {

// Messages are larger than any record that ranks exchange besides: a header alone has 64 bytes.
constexpr std::size_t kSmallestMessage = 64;

template <class T>
std::span<T> as(std::span<std::byte> bytes) {
  return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
}

template <class T>
std::span<const T> as(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

}  // namespace

void DamagingCommunicator::do_all_reduce(std::span<std::byte> x, ElementType type) {
  if (type == ElementType::float32) {
    inner_.all_reduce(as<float>(x));
  } else {
    inner_.all_reduce(as<double>(x));
  }
}

void DamagingCommunicator::do_reduce_scatter(std::span<const std::byte> x, std::span<std::byte> out,
                                             ElementType type) {
  if (type == ElementType::float32) {
    inner_.reduce_scatter(as<float>(x), as<float>(out));
  } else {
    inner_.reduce_scatter(as<double>(x), as<double>(out));
  }
}

void DamagingCommunicator::do_all_gather_v(std::span<const std::byte> mine,
                                           std::span<const std::size_t> sizes,
                                           std::span<std::byte> all) {
  inner_.all_gather_v(mine, sizes, all);
  if (sizes.front() >= kSmallestMessage) damage_(all);
}

void DamagingCommunicator::do_all_to_all_v(std::span<const std::byte> out,
                                           std::span<const std::size_t> out_sizes,
                                           std::span<std::byte> in,
                                           std::span<const std::size_t> in_sizes) {
  inner_.all_to_all_v(out, out_sizes, in, in_sizes);
  if (in_sizes.front() >= kSmallestMessage) damage_(in);
}

}  // namespace pith::test
