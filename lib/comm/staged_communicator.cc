// SPDX-License-Identifier: Apache-2.0
#include <pith/comm/mean_16bit.h>
#include <pith/comm/staged_communicator.h>

namespace pith {
namespace {

template <class V>
std::span<V> first_of(cuda::PinnedBuffer<std::byte>& buffer, std::size_t count) {
  if (buffer.size() < count * sizeof(V)) {
    buffer = {};  // or both would be held for a while
    buffer = cuda::PinnedBuffer<std::byte>(count * sizeof(V));
  }
  return {reinterpret_cast<V*>(buffer.span().data()), count};
}

}  // namespace

void StagedCommunicator::reserve(std::size_t out_bytes, std::size_t in_bytes) {
  copied_in_.wait();
  first_of<std::byte>(out_, out_bytes);
  first_of<std::byte>(in_, in_bytes);
}

template <class V>
std::span<V> StagedCommunicator::copy_out(DeviceSpan<const V> x, DeviceStream stream) {
  copied_in_.wait();
  const auto there = first_of<V>(out_, x.size());
  cuda::download(x, there, stream);
  cuda::synchronize(stream);
  return there;
}

template <class V>
std::span<V> StagedCommunicator::room_for(std::size_t count) {
  return first_of<V>(in_, count);
}

template <class V>
void StagedCommunicator::copy_in(std::span<V> from, DeviceSpan<V> to, DeviceStream stream) {
  cuda::upload(std::span<const V>(from), to, stream);
  copied_in_.record(stream);
}

void StagedCommunicator::do_all_reduce(DeviceSpan<float> x, DeviceStream stream) {
  const auto host = copy_out(DeviceSpan<const float>(x), stream);
  host_.all_reduce(host);
  copy_in(host, x, stream);
}

void StagedCommunicator::do_all_reduce_mean(DeviceSpan<std::byte> x, ElementType type,
                                            float divisor, DeviceStream stream) {
  const auto host = copy_out(DeviceSpan<const std::byte>(x), stream);
  if (type == ElementType::float32) {
    host_.all_reduce_mean({reinterpret_cast<float*>(host.data()), host.size() / sizeof(float)},
                          divisor);
  } else if (type == ElementType::float16) {
    all_reduce_mean_of<Half>(host, divisor, host_, scratch_);
  } else {
    all_reduce_mean_of<BFloat16>(host, divisor, host_, scratch_);
  }
  copy_in(host, x, stream);
}

void StagedCommunicator::do_reduce_scatter(DeviceSpan<const float> x, DeviceSpan<float> out,
                                           DeviceStream stream) {
  const auto host = copy_out(x, stream);
  const auto block = room_for<float>(out.size());
  host_.reduce_scatter(std::span<const float>(host), block);
  copy_in(block, out, stream);
}

void StagedCommunicator::do_all_gather(DeviceSpan<const std::byte> mine, DeviceSpan<std::byte> all,
                                       DeviceStream stream) {
  const auto host = copy_out(mine, stream);
  const auto gathered = room_for<std::byte>(all.size());
  host_.all_gather(host, gathered);
  copy_in(gathered, all, stream);
}

void StagedCommunicator::do_all_to_all(DeviceSpan<const std::byte> out, DeviceSpan<std::byte> in,
                                       DeviceStream stream) {
  const auto host = copy_out(out, stream);
  const auto received = room_for<std::byte>(in.size());
  host_.all_to_all(host, received);
  copy_in(received, in, stream);
}

void StagedCommunicator::do_broadcast(DeviceSpan<std::byte> x, int root, DeviceStream stream) {
  const auto host = copy_out(DeviceSpan<const std::byte>(x), stream);
  host_.broadcast(host, root);
  copy_in(host, x, stream);
}

}  // namespace pith
