// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <string>

namespace pith {

/// "beta=2: must be above 0, at most 1"
inline std::string must_be(const char* name, double value, const std::string& expected) {
  std::ostringstream out;
  out << name << '=' << value << ": must be " << expected;
  return out.str();
}

}  // namespace pith
