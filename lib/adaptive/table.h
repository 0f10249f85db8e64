// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include <pith/adaptive/policy.h>
#include <pith/core/arguments.h>

namespace pith {

/// table(FILE): what a file says. Each line is a pattern of names (* is any text, ? any letter), a
/// blank, and a candidate as it is written; # begins a comment. The first line that matches a
/// layer's name decides.
///
///   conv*.weight   topk(density=0.01)
///   *              none                                   # biases
///
/// Throws   UsageError with the file and the line that is malformed, or matches no layer; with the
///          file and the layer that no line matches; if the file cannot be read. From choose():
///          with file, line and layer, if that is none of the layer's candidates.
std::unique_ptr<Policy> make_table(Arguments& arguments, std::span<const std::string> names);

}  // namespace pith
