// SPDX-License-Identifier: Apache-2.0
#include <type_traits>
#include <variant>

#include <pith/cuda/convert.h>
#include <pith/reducer/device_gradient.h>

namespace pith {
namespace {

// Calls body(values) if they are in 16 bits.
template <class Body>
void visit_sixteen_bit(const DeviceMemory& memory, const Body& body) {
  std::visit(
      [&]<class V>(DeviceSpan<V> values) {
        if constexpr (!std::is_same_v<V, float>) body(values);
      },
      memory.values);
}

}  // namespace

DeviceGradient::DeviceGradient(ElementType type, std::size_t elements)
    : widened_(type == ElementType::float32 ? 0 : elements) {}

void DeviceGradient::take(const DeviceMemory& memory, bool loads, DeviceStream stream) {
  const auto* in_place = std::get_if<DeviceSpan<float>>(&memory.values);
  floats_ = in_place ? *in_place : widened_.span();
  if (!loads) return;
  visit_sixteen_bit(
      memory, [&]<class V>(DeviceSpan<V> values) { cuda::widen<V>(values, floats_, stream); });
}

void DeviceGradient::store(const DeviceMemory& memory, DeviceStream stream) const {
  visit_sixteen_bit(
      memory, [&]<class V>(DeviceSpan<V> values) { cuda::narrow<V>(floats_, values, stream); });
}

}  // namespace pith
