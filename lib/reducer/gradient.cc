// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <type_traits>

#include <pith/reducer/gradient.h>

namespace pith {
namespace {

template <class V>
constexpr ElementType type_for() {
  if constexpr (std::is_same_v<V, Half>) {
    return ElementType::float16;
  } else if constexpr (std::is_same_v<V, BFloat16>) {
    return ElementType::bfloat16;
  } else {
    return element_type<V>;
  }
}

template <Element T, class V>
T from(V value) {
  if constexpr (Element<V>) {
    return static_cast<T>(value);
  } else {
    return static_cast<T>(to_float(value));
  }
}

template <class V, Element T>
V to(T value) {
  if constexpr (Element<V>) {
    return static_cast<V>(value);
  } else {
    return to_number<V>(static_cast<float>(value));
  }
}

// Calls body(span) of host memory.
template <class Body>
void visit_host(const GradientMemory& memory, const Body& body) {
  std::visit(
      [&](const auto& one) {
        if constexpr (!std::is_same_v<decltype(one), const DeviceMemory&>) body(one);
      },
      memory);
}

// And body(values) of memory anywhere: a span or a DeviceSpan.
template <class Body>
auto visit_any(const GradientMemory& memory, const Body& body) {
  return std::visit(
      [&](const auto& one) {
        if constexpr (std::is_same_v<decltype(one), const DeviceMemory&>) {
          return std::visit(body, one.values);
        } else {
          return body(one);
        }
      },
      memory);
}

}  // namespace

Space space_of(const GradientMemory& memory) {
  return std::holds_alternative<DeviceMemory>(memory) ? Space::device : Space::host;
}

ElementType type_of(const GradientMemory& memory) {
  return visit_any(memory, [](const auto& values) {
    return type_for<std::remove_reference_t<decltype(*values.data())>>();
  });
}

std::size_t size_of(const GradientMemory& memory) {
  return visit_any(memory, [](const auto& values) { return values.size(); });
}

GradientMemory slice(const GradientMemory& memory, Range range) {
  GradientMemory part = memory;
  visit_host(memory, [&](auto span) { part = slice(span, range); });
  return part;
}

void fill_with_nan(const GradientMemory& memory) {
  visit_host(memory, []<class V>(std::span<V> span) {
    std::ranges::fill(span, to<V>(std::numeric_limits<float>::quiet_NaN()));
  });
}

template <Element T>
void load(const GradientMemory& memory, std::span<T> out) {
  visit_host(memory, [&](auto span) {
    std::ranges::transform(span, out.begin(), [](auto value) { return from<T>(value); });
  });
}

template <Element T>
void store(std::span<const T> x, const GradientMemory& memory) {
  visit_host(memory, [&]<class V>(std::span<V> span) {
    std::ranges::transform(x, span.begin(), [](T value) { return to<V>(value); });
  });
}

template void load(const GradientMemory&, std::span<float>);
template void load(const GradientMemory&, std::span<double>);
template void store(std::span<const float>, const GradientMemory&);
template void store(std::span<const double>, const GradientMemory&);

}  // namespace pith
