// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pith {

/// The types that gradients are computed in. 16-bit gradients are converted at the reducer's edge.
template <class T>
concept Element = std::same_as<T, float> || std::same_as<T, double>;

/// An element type by value, as it stands in registrations and on the wire.
enum class ElementType : std::uint8_t { float32, float64, float16, bfloat16 };

/// Size of one element in bytes: 4, 8, 2, 2.
std::size_t size_of(ElementType type);

/// "float32", "float64", "float16" or "bfloat16".
std::string_view name_of(ElementType type);

template <Element T>
inline constexpr ElementType element_type =
    std::same_as<T, float> ? ElementType::float32 : ElementType::float64;

}  // namespace pith
