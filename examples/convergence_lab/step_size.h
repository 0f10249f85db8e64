// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "method.h"
#include "smoothness.h"

namespace convergence_lab {

/// The method's step: the number it names, or that of theory; times its factor.
///
///   gd       1 / L
///   qm, am   pith::ef21_stepsize() with the quadratic or arithmetic mean of the L_i and the
///            contraction of the compressor: EF21's, and EF21-W's
///
/// `smoothness` is null where the problem has none: then the step must be a number.
/// Throws   pith::UsageError that quotes the method, also if its compressor promises no contraction
///          or its step is no number above 0.
double step_size(const Method& method, std::size_t n, const Smoothness* smoothness);

}  // namespace convergence_lab
