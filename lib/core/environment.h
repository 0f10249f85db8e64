// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pith {

/// The value of an environment variable of this library, or of the same name in the file that
/// PITH_CONFIG names (lines NAME=value, # comments). The environment beats the file; an empty value
/// counts as none; what is found is logged at INFO with where it came from, PITH_DEBUG excepted.
/// Not read in set-user-id programs.
///
/// Throws   UsageError for a name that is not known, and for a file that cannot be read or has a
/// bad
///          line or an unknown name, with file and line.
std::optional<std::string> environment(std::string_view name);

/// The same as a whole number in [low, high]; a UsageError names the variable and its value.
std::optional<std::uint64_t> environment_integer(std::string_view name, std::uint64_t low,
                                                 std::uint64_t high);

/// Every PITH_ variable that is set but not known, each with the nearest known name; for one
/// warning line each at start.
std::vector<std::string> unknown_environment();

/// The names that environment() may be asked for.
const std::vector<std::string>& known_environment();

}  // namespace pith
