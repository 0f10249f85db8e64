// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pith/compressors/device_source.h>
#include <pith/cuda/launch.cuh>

namespace pith {

/// A DeviceSource whose way of composing a kernel knows when it is compiled.
///
/// A kernel composes an element as often as it likes, with the same bits. When it knows what the
/// element was sent as, it calls sent(), once; or keep(), and take_off() later.
template <Composing kComposing>
struct Composer {
  DeviceSource x;

  __device__ std::size_t size() const { return x.count ? *x.count : x.size; }

  __device__ float compose(std::size_t i) const { return compose(i, x.gradient[i]); }

  /// The same of an element whose gradient was loaded before.
  __device__ float compose(std::size_t i, float gradient) const {
    const float g = x.gradient_scale * gradient;
    if constexpr (kComposing == Composing::gradient) return g;
    if constexpr (kComposing == Composing::residual) return g + x.state_scale * x.own[i];
    if constexpr (kComposing == Composing::difference) return g - x.state_scale * x.own[i];
    if constexpr (kComposing == Composing::momentum) {
      return average(i, g) - x.state_scale * x.own[i];
    }
    if constexpr (kComposing == Composing::control) {
      return x.eta * (x.state_scale * x.other[i]) + (g - x.state_scale * x.own[i]);
    }
  }

  /// Element i, composed as u, was sent as q. Then, or before, nobody composes it again.
  __device__ void sent(std::size_t i, float u, float q) const {
    keep(i, u);
    take_off(i, q);
  }

  /// Nothing was sent of element i, composed as u.
  __device__ void keep(std::size_t i, float u) const {
    if constexpr (kComposing == Composing::residual) x.next_own[i] = u;
    if constexpr (kComposing == Composing::momentum) {
      x.next_other[i] = average(i, x.gradient_scale * x.gradient[i]);
    }
    if constexpr (kComposing == Composing::control) {
      const float difference = x.gradient_scale * x.gradient[i] - x.state_scale * x.own[i];
      x.next_other[i] = x.state_scale * x.other[i] + difference;
    }
    if constexpr (kFollows) x.next_own[i] = x.state_scale * x.own[i];
  }

  /// Element i, of which keep() took nothing to be sent, was sent as q after all.
  __device__ void take_off(std::size_t i, float q) const {
    if constexpr (kComposing == Composing::residual) x.next_own[i] -= q;
    if constexpr (kComposing == Composing::control) x.next_other[i] -= q;
    if constexpr (kFollows) x.next_own[i] += q;
  }

 private:
  static constexpr bool kFollows =
      kComposing != Composing::gradient && kComposing != Composing::residual;

  __device__ float average(std::size_t i, float scaled_gradient) const {
    return (1.0f - x.eta) * (x.state_scale * x.other[i]) + x.eta * scaled_gradient;
  }
};

/// Calls body(composer) with the Composer of this source.
template <class Body>
void with_composer(const DeviceSource& x, const Body& body) {
  switch (x.composing) {
    case Composing::gradient:
      return body(Composer<Composing::gradient>{x});
    case Composing::residual:
      return body(Composer<Composing::residual>{x});
    case Composing::difference:
      return body(Composer<Composing::difference>{x});
    case Composing::momentum:
      return body(Composer<Composing::momentum>{x});
    case Composing::control:
      return body(Composer<Composing::control>{x});
  }
}

}  // namespace pith
