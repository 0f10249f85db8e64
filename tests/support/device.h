// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include <pith/cuda/memory.h>
#include <pith/cuda/stream.h>

namespace pith::test {

/// The same elements on the current device; done when it returns.
template <class V>
cuda::DeviceBuffer<V> to_device(const std::vector<V>& x, DeviceStream stream) {
  cuda::DeviceBuffer<V> buffer(x.size());
  cuda::upload(std::span<const V>(x), buffer.span(), stream);
  cuda::synchronize(stream);
  return buffer;
}

/// And back, behind all work of the stream.
template <class V>
std::vector<std::remove_const_t<V>> to_host(DeviceSpan<V> x, DeviceStream stream) {
  std::vector<std::remove_const_t<V>> out(x.size());
  cuda::download(DeviceSpan<const V>(x), std::span(out), stream);
  cuda::synchronize(stream);
  return out;
}

}  // namespace pith::test
