// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <span>
#include <string>
#include <string_view>

#include <pith/reducer/reducer.h>

namespace pith {

/// Pushes what `compute` writes to `values`. What it throws, every rank throws at wait(), so that
/// nobody waits for this one.
template <Element T, class Compute>
void push_computed(Reducer& reducer, std::string_view name, std::span<T> values,
                   const Compute& compute) {
  try {
    compute();
  } catch (const std::exception& error) {
    reducer.fail(std::string("round: ") + error.what());
  } catch (...) {
    reducer.fail("round: what was thrown is no std::exception");
  }
  reducer.push(name, values);
}

}  // namespace pith
