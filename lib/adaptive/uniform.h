// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include <pith/adaptive/policy.h>
#include <pith/core/arguments.h>

namespace pith {

/// uniform, uniform(LEVEL): the same for all layers, their standard by default.
///
/// Throws   from choose(): UsageError naming the layer that does not have the Level.
std::unique_ptr<Policy> make_uniform(Arguments& arguments, std::span<const std::string> names);

}  // namespace pith
