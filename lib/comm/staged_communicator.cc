// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <pith/comm/mean_16bit.h>
#include <pith/comm/staged_communicator.h>
#include <pith/core/error.h>

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

StagedCommunicator::~StagedCommunicator() {
  try {
    wait_for_copies();
  } catch (const Error&) {  // the device has failed, and copies nothing any more
  }
}

void StagedCommunicator::wait_for_copies() const {
  if (copied_in_) copied_in_->wait();
}

void StagedCommunicator::keep_to_one_device() {
  const int device = cuda::current_device();
  if (!copied_in_) {
    copied_in_.emplace();
    device_ = device;
  }
  if (device == device_) return;
  throw UsageError("the staged communicator is of device " + std::to_string(device_) +
                   ", the call of device " + std::to_string(device));
}

void StagedCommunicator::reserve(std::size_t out_bytes, std::size_t in_bytes) {
  wait_for_copies();
  first_of<std::byte>(out_, out_bytes);
  first_of<std::byte>(in_, in_bytes);
}

template <class V>
std::span<V> StagedCommunicator::copy_out(DeviceSpan<const V> x, DeviceStream stream) {
  keep_to_one_device();
  wait_for_copies();
  const auto there = first_of<V>(out_, x.size());
  cuda::download(x, there, stream);
  cuda::synchronize(stream);
  return there;
}

template <class V>
void StagedCommunicator::copy_in(std::span<V> from, DeviceSpan<V> to, DeviceStream stream) {
  cuda::upload(std::span<const V>(from), to, stream);
  copied_in_->record(stream);
}

template <class V, class Collective>
void StagedCommunicator::replace(DeviceSpan<V> x, DeviceStream stream,
                                 const Collective& collective) {
  const auto host = copy_out(DeviceSpan<const V>(x), stream);
  collective(host);
  copy_in(host, x, stream);
}

template <class V, class Collective>
void StagedCommunicator::exchange(DeviceSpan<const V> from, DeviceSpan<V> to, DeviceStream stream,
                                  const Collective& collective) {
  const std::span<const V> sent = copy_out(from, stream);
  const auto received = first_of<V>(in_, to.size());
  collective(sent, received);
  copy_in(received, to, stream);
}

void StagedCommunicator::do_all_reduce(DeviceSpan<float> x, DeviceStream stream) {
  replace(x, stream, [&](std::span<float> host) { host_.all_reduce(host); });
}

void StagedCommunicator::do_all_reduce_mean(DeviceSpan<std::byte> x, ElementType type,
                                            float divisor, DeviceStream stream) {
  replace(x, stream, [&](std::span<std::byte> host) {
    if (type == ElementType::float32) {
      host_.all_reduce_mean({reinterpret_cast<float*>(host.data()), host.size() / sizeof(float)},
                            divisor);
    } else if (type == ElementType::float16) {
      all_reduce_mean_of<Half>(host, divisor, host_, scratch_);
    } else {
      all_reduce_mean_of<BFloat16>(host, divisor, host_, scratch_);
    }
  });
}

void StagedCommunicator::do_reduce_scatter(DeviceSpan<const float> x, DeviceSpan<float> out,
                                           DeviceStream stream) {
  exchange(x, out, stream, [&](auto from, auto to) { host_.reduce_scatter(from, to); });
}

void StagedCommunicator::do_all_gather(DeviceSpan<const std::byte> mine, DeviceSpan<std::byte> all,
                                       DeviceStream stream) {
  exchange(mine, all, stream, [&](auto from, auto to) { host_.all_gather(from, to); });
}

void StagedCommunicator::do_all_to_all(DeviceSpan<const std::byte> out, DeviceSpan<std::byte> in,
                                       DeviceStream stream) {
  exchange(out, in, stream, [&](auto from, auto to) { host_.all_to_all(from, to); });
}

void StagedCommunicator::do_broadcast(DeviceSpan<std::byte> x, int root, DeviceStream stream) {
  replace(x, stream, [&](std::span<std::byte> host) { host_.broadcast(host, root); });
}

}  // namespace pith
