// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <sstream>
#include <string>

#include <pith/core/element.h>

namespace pith {

/// "beta=2: must be above 0, at most 1", and what for, if it is used as a float: a double may be in
/// its range until then.
template <Element T = double>
std::string must_be(const char* name, double value, const std::string& expected) {
  std::ostringstream out;
  out << name << '=' << value << ": must be " << expected;
  if (std::same_as<T, float>) out << " as a float";
  return out.str();
}

}  // namespace pith
