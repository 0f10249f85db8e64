// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <pith/core/element.h>
#include <pith/core/shape.h>
#include <pith/reducer/choice.h>
#include <pith/reducer/settings.h>

// Which tensors form a unit, how each unit travels in a step, and which units share a message: pure
// functions of the registration, so every rank comes to the same plan.
namespace pith {

/// A registered tensor.
struct Tensor {
  std::string name;
  Shape shape;
  ElementType type = ElementType::float32;
  std::size_t elements = 0;
};

/// The type in which a tensor is computed: 16-bit ones are converted to float.
ElementType computed_type(ElementType type);

/// A compressed unit: one tensor, or several one after the other.
struct UnitPlan {
  std::string name;
  std::vector<std::size_t> tensors;         ///< indices of the registration
  ElementType type = ElementType::float32;  ///< float32 or float64
  Shape shape;
  std::size_t elements = 0;
  Treatment treatment;
  std::string why_dense;  ///< not empty: never compressed, for this reason
};

/// Units that share a message, in the order of their exchange.
struct BucketPlan {
  Exchange exchange = Exchange::raw;
  CompressorKind kind = CompressorKind::none;
  ElementType type = ElementType::float32;
  std::vector<std::size_t> units;
};

std::vector<UnitPlan> plan_units(const std::vector<Tensor>& tensors, const Settings& settings);

/// How a unit travels at `step`.
Choice choice_at(const UnitPlan& unit, const Settings& settings, std::uint64_t step);

/// In reverse order of registration, which is what backward produces. A bucket is closed before it
/// would grow above bucket_bytes; units of different types, kinds or exchanges do not share one.
std::vector<BucketPlan> plan_buckets(const std::vector<UnitPlan>& units,
                                     const std::vector<Choice>& choices, std::size_t bucket_bytes);

}  // namespace pith
