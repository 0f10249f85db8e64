// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include <pith/core/state.h>
#include <pith/reducer/layout.h>

namespace pith {

/// Appends a unit's states, cut at its tensors' ends and named "tensor/state": state belongs to a
/// tensor's name and element range, never to a unit. `first` is the unit's element that the states
/// begin at; element ranges are those of the registered tensors. What is not per element is named
/// after the unit.
template <Element T>
void append_tensor_states(std::vector<StateView<T>>& out, const std::vector<StateView<T>>& states,
                          std::size_t first, const UnitPlan& unit,
                          const std::vector<Tensor>& tensors) {
  for (const StateView<T>& state : states) {
    if (!state.per_element) {
      out.push_back(state);
      out.back().name = unit.name + "/" + state.name;
      continue;
    }
    std::size_t start = 0;  // of the tensor, in the unit
    for (const std::size_t t : unit.tensors) {
      const std::size_t end = start + tensors[t].elements;
      const std::size_t from = std::max(start, first);
      const std::size_t to = std::min(end, first + state.values.size());
      if (from < to) {
        out.push_back(state);
        out.back().name = tensors[t].name + "/" + state.name;
        out.back().first = tensors[t].first + from - start;
        out.back().values = state.values.subspan(from - first, to - from);
      }
      start = end;
    }
  }
}

}  // namespace pith
