// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <pith/compressors/message.h>
#include <pith/core/vector.h>

namespace pith {

/// Throws NonFiniteError.
template <Element T>
void check_finite(std::span<const T> x) {
  if (!all_finite(x)) throw NonFiniteError();
}

}  // namespace pith
