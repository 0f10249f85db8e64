// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <iostream>
#include <string>
#include <string_view>

namespace pith::bench {

/// Prints "pith-bench: <message>" to the standard error, in one write: mpirun passes on what it
/// reads, and another rank's output would come in between.
inline void print_error(std::string_view message) {
  std::cerr << std::string("pith-bench: ").append(message).append("\n");
}

}  // namespace pith::bench
