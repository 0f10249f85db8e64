// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <pith/adaptive/policy.h>
#include <pith/core/spec.h>

namespace pith {

/// One policy by name.
struct PolicyEntry {
  std::string_view name;     ///< as in a spec
  std::string_view example;  ///< a spec with arguments
  std::string_view source;   ///< where it was published
};

std::span<const PolicyEntry> policies();

/// Builds the policy that `spec` describes for layers of these names.
/// Throws   UsageError for unknown names and arguments and values out of range; for what a table's
///          file says.
std::unique_ptr<Policy> make_policy(const Spec& spec, std::span<const std::string> names);

}  // namespace pith
