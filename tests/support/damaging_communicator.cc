// SPDX-License-Identifier: Apache-2.0
#include "support/damaging_communicator.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>

#include <pith/core/hash.h>

namespace pith::test {
namespace {

// Messages are larger than any record that ranks exchange besides: a header alone has 64 bytes.
constexpr std::size_t kSmallestMessage = 64;
// A record announces a message: u64 bytes, u64 signature. Only an agreement is as long.
constexpr std::size_t kRecordBytes = 16;
constexpr std::size_t kChecksum = 56;  // where it lies in a header

template <class T>
std::span<T> as(std::span<std::byte> bytes) {
  return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
}

template <class T>
std::span<const T> as(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
}

std::size_t total(std::span<const std::size_t> sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
}

}  // namespace

void reseal(std::span<std::byte> message) {
  std::uint64_t checksum = 0;
  std::memcpy(&message[kChecksum], &checksum, sizeof checksum);
  checksum = hash(message);
  std::memcpy(&message[kChecksum], &checksum, sizeof checksum);
}

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

void DamagingCommunicator::do_all_gather_v(std::span<const std::byte> mine, Sizes sizes,
                                           std::span<std::byte> all) {
  pass_on(all, sizes,
          [&](std::span<std::byte> into, Sizes real) { inner_.all_gather_v(mine, real, into); });
}

void DamagingCommunicator::do_all_to_all_v(std::span<const std::byte> out, Sizes out_sizes,
                                           std::span<std::byte> in, Sizes in_sizes) {
  pass_on(in, in_sizes, [&](std::span<std::byte> into, Sizes real) {
    inner_.all_to_all_v(out, out_sizes, into, real);
  });
}

void DamagingCommunicator::pass_on(std::span<std::byte> in, Sizes sizes, const Receive& receive) {
  const bool message = sizes.front() >= kSmallestMessage;
  if (message && damage_ && damage_->exchange == 0) return deliver(in, sizes, receive);
  receive(in, sizes);
  if (!damage_) return;
  if (message) --damage_->exchange;
  if (sizes.front() == kRecordBytes && damage_->exchange == 0) announce(in);
}

void DamagingCommunicator::announce(std::span<std::byte> records) {
  const auto fields = as<std::uint64_t>(records);
  sent_.clear();
  for (std::size_t r = 0; r < fields.size(); r += 2) sent_.push_back(fields[r]);
  std::uint64_t& bytes = fields[2 * damage_->source];
  if (damage_->arriving) bytes = damage_->arriving(bytes);
}

// Every message is received whole, as the others send it, and handed on as it was announced.
void DamagingCommunicator::deliver(std::span<std::byte> in, Sizes sizes, const Receive& receive) {
  std::vector<std::byte> whole(total(sent_));
  receive(whole, sent_);
  const Sizes sent = sent_;
  for (std::size_t r = 0; r < sizes.size(); ++r) {
    const auto message = in.subspan(total(sizes.first(r)), sizes[r]);
    std::ranges::copy(std::span(whole).subspan(total(sent.first(r)), sizes[r]), message.begin());
    if (r == damage_->source && damage_->change) damage_->change(message);
  }
  damage_.reset();
}

}  // namespace pith::test
