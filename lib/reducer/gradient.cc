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
  if constexpr (std::is_same_v<V, Half>) {
    return to_half(static_cast<float>(value));
  } else if constexpr (std::is_same_v<V, BFloat16>) {
    return to_bfloat16(static_cast<float>(value));
  } else {
    return static_cast<V>(value);
  }
}

}  // namespace

ElementType type_of(const GradientMemory& memory) {
  return std::visit([]<class V>(std::span<V>) { return type_for<V>(); }, memory);
}

std::size_t size_of(const GradientMemory& memory) {
  return std::visit([](auto span) { return span.size(); }, memory);
}

GradientMemory slice(const GradientMemory& memory, Range range) {
  return std::visit([&](auto span) -> GradientMemory { return slice(span, range); }, memory);
}

void fill_with_nan(const GradientMemory& memory) {
  std::visit(
      []<class V>(std::span<V> span) {
        std::ranges::fill(span, to<V>(std::numeric_limits<float>::quiet_NaN()));
      },
      memory);
}

template <Element T>
void load(const GradientMemory& memory, std::span<T> out) {
  std::visit(
      [&](auto span) {
        std::ranges::transform(span, out.begin(), [](auto value) { return from<T>(value); });
      },
      memory);
}

template <Element T>
void store(std::span<const T> x, const GradientMemory& memory) {
  std::visit(
      [&]<class V>(std::span<V> span) {
        std::ranges::transform(x, span.begin(), [](T value) { return to<V>(value); });
      },
      memory);
}

template void load(const GradientMemory&, std::span<float>);
template void load(const GradientMemory&, std::span<double>);
template void store(std::span<const float>, const GradientMemory&);
template void store(std::span<const double>, const GradientMemory&);

}  // namespace pith
