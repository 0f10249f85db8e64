// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace pith::bench {

/// What codes a tensor by itself: its message compressor, or its linear one if there is no other.
enum class Kind { none, message, linear };

/// The kind of a compressor's spec; it is built once, on a small matrix, to check its arguments.
/// Throws   UsageError for a spec that is wrong.
Kind kind_of(const std::string& compressor);

/// Throws   UsageError for a rule's spec that is wrong.
void check_feedback(const std::string& feedback);

}  // namespace pith::bench
