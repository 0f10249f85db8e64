// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <pith/compressors/guarantee.h>
#include <pith/core/device_span.h>
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
  std::size_t first = 0;  ///< of the registered tensor's elements, if this is a part of it
  Space space = Space::host;
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
  std::string why_dense;      ///< not empty: never compressed, for this reason
  Space space = Space::host;  ///< of its tensors; one alone if it is a device
};

/// Units that share a message, in the order of their exchange.
struct BucketPlan {
  Exchange exchange = Exchange::raw;
  CompressorKind kind = CompressorKind::none;
  ElementType type = ElementType::float32;
  std::vector<std::size_t> units;
};

std::vector<UnitPlan> plan_units(const std::vector<Tensor>& tensors, const Settings& settings);

/// No unit is compressed any more, for this reason. Rules stay that give more than the plain mean.
void leave_dense(std::vector<UnitPlan>& units, const std::string& why);

/// Whether the owners of shards send them on under a rule of their own.
enum class Owners { keep_rules, keep_nothing };

/// Builds every compressor of every unit's schedule, and its fallback, once.
/// Throws   UsageError if one does not fit its unit's shape, or only adds noise that the rule, or
///          that of owners, would amplify (no contraction; most_variance()) over every exchange
///          that is left open, or if a rule's mean is not over the ranks that the divisor counts.
void check_units(const std::vector<UnitPlan>& units, Divisor divisor, Owners owners);

/// Throws UsageError if a compressor is for another number of ranks than exchange messages.
void check_ranks(const std::vector<UnitPlan>& units, int ranks, Owners owners);

/// The ways in which a unit may travel at `step`; one, or raw in fp32 and what else is listed: with
/// exchange=auto over those exchanges only whose rules bear the noise.
std::vector<Choice> choices_at(const UnitPlan& unit, const Settings& settings, std::uint64_t step);

/// The units in the order in which their last tensors come, if tensor t is the positions[t]-th.
std::vector<std::size_t> order_by_last_tensor(const std::vector<UnitPlan>& units,
                                              const std::vector<std::uint32_t>& positions);

/// Units in this order. A bucket is closed before it would grow above bucket_bytes; units of
/// different types, kinds, exchanges or groups (one per unit, or none at all) do not share one.
/// Buckets come in the order of their last units.
std::vector<BucketPlan> plan_buckets(const std::vector<UnitPlan>& units,
                                     const std::vector<Choice>& choices,
                                     const std::vector<std::size_t>& groups,
                                     std::size_t bucket_bytes,
                                     const std::vector<std::size_t>& order);

}  // namespace pith
