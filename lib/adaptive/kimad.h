// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>

#include <pith/adaptive/policy.h>
#include <pith/core/arguments.h>

namespace pith {

/// kimad(seconds=0.1,norm=squared,levels=10000): the assignment of least error among those whose
/// bytes the link carries in so many seconds per step.
///
///   budget = floor(bytes_per_second * seconds);   seconds itself where costs are in nanoseconds
///
/// As the bandwidth is measured anew, so is the budget. Before it is measured: the uniform
/// assignment.
/// Cost     least_error().
/// Source   Xin, Ilin, Zhang, Canini, Richtarik 2023, "Kimad: Adaptive Gradient Compression with
///          Bandwidth Awareness", arXiv:2312.08053.
std::unique_ptr<Policy> make_kimad(Arguments& arguments, std::span<const std::string> names);

}  // namespace pith
