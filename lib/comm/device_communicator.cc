// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <pith/comm/device_communicator.h>
#include <pith/comm/refuse.h>
#include <pith/comm/traffic.h>
#include <pith/cuda/stream.h>

namespace pith {

void DeviceCommunicator::all_reduce(DeviceSpan<float> x, DeviceStream stream) {
  cuda::check_on_device("all_reduce", x, stream);
  if (!x.empty()) do_all_reduce(x, stream);
  wire_bytes_ += traffic::all_reduce(x.size_bytes(), ranks()).sent;
}

void DeviceCommunicator::all_reduce_mean(DeviceSpan<float> x, float divisor, DeviceStream stream) {
  mean(x, ElementType::float32, divisor, stream);
}

void DeviceCommunicator::all_reduce_mean(DeviceSpan<Half> x, float divisor, DeviceStream stream) {
  mean(x, ElementType::float16, divisor, stream);
}

void DeviceCommunicator::all_reduce_mean(DeviceSpan<BFloat16> x, float divisor,
                                         DeviceStream stream) {
  mean(x, ElementType::bfloat16, divisor, stream);
}

template <class Number>
void DeviceCommunicator::mean(DeviceSpan<Number> x, ElementType type, float divisor,
                              DeviceStream stream) {
  cuda::check_on_device("all_reduce_mean", x, stream);
  const DeviceSpan<std::byte> bytes(reinterpret_cast<std::byte*>(x.data()), x.size_bytes());
  if (!x.empty()) do_all_reduce_mean(bytes, type, divisor, stream);
  wire_bytes_ += traffic::all_reduce(x.size_bytes(), ranks()).sent;
}

void DeviceCommunicator::reduce_scatter(DeviceSpan<const float> x, DeviceSpan<float> out,
                                        DeviceStream stream) {
  expect("reduce_scatter", rank(), "elements of x", x.size(), ranks() * out.size());
  if (overlap(x, out)) refuse("reduce_scatter", rank(), "x and out overlap");
  cuda::check_on_device("reduce_scatter", x, stream);
  cuda::check_on_device("reduce_scatter", out, stream);
  if (!x.empty()) do_reduce_scatter(x, out, stream);
  wire_bytes_ += traffic::reduce_scatter(x.size_bytes(), ranks()).sent;
}

void DeviceCommunicator::all_gather(DeviceSpan<const std::byte> mine, DeviceSpan<std::byte> all,
                                    DeviceStream stream) {
  expect("all_gather", rank(), "bytes of all", all.size(), ranks() * mine.size());
  const auto* const own_place = all.data() + static_cast<std::size_t>(rank()) * mine.size();
  if (overlap(mine, all) && mine.data() != own_place) {
    refuse("all_gather", rank(), "mine and all overlap, and mine is not its own place in all");
  }
  cuda::check_on_device("all_gather", mine, stream);
  cuda::check_on_device("all_gather", all, stream);
  if (!mine.empty()) do_all_gather(mine, all, stream);
  wire_bytes_ += mine.size() * (ranks() - 1);
}

void DeviceCommunicator::all_to_all(DeviceSpan<const std::byte> out, DeviceSpan<std::byte> in,
                                    DeviceStream stream) {
  if (out.size() % ranks() != 0) {
    refuse("all_to_all", rank(),
           std::to_string(out.size()) + " bytes of out, a multiple of " + std::to_string(ranks()) +
               " expected");
  }
  expect("all_to_all", rank(), "bytes of in", in.size(), out.size());
  if (overlap(out, in)) refuse("all_to_all", rank(), "out and in overlap");
  cuda::check_on_device("all_to_all", out, stream);
  cuda::check_on_device("all_to_all", in, stream);
  if (!out.empty()) do_all_to_all(out, in, stream);
  wire_bytes_ += out.size() - out.size() / ranks();
}

void DeviceCommunicator::broadcast(DeviceSpan<std::byte> x, int root, DeviceStream stream) {
  if (root < 0 || root >= size()) {
    refuse("broadcast", rank(),
           "root " + std::to_string(root) + " is not one of " + std::to_string(size()) + " ranks");
  }
  cuda::check_on_device("broadcast", x, stream);
  if (!x.empty()) do_broadcast(x, root, stream);
  wire_bytes_ += traffic::broadcast(x.size(), ranks(), root == rank()).sent;
}

}  // namespace pith
