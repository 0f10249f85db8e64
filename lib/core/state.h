// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <pith/core/element.h>

namespace pith {

/// Who holds a state: each rank its own, all ranks the same, or the owner of an element range.
enum class Scope { per_rank, replicated, owner };

/// One state of a rule or a compressor, as checkpoints, statistics and tests see it.
///
/// `values` is the committed state of the elements [first, first + values.size()) of its tensor; a
/// scalar has `per_element` false. The view is valid until the next step.
template <Element T>
struct StateView {
  std::string name;
  Scope scope = Scope::per_rank;
  std::size_t first = 0;
  std::span<T> values;
  bool per_element = true;
  bool unsent = false;  ///< what this rank has been given and not sent yet: a residual
};

}  // namespace pith
