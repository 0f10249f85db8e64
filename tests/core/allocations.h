// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace pith::test {

/// Calls of operator new in this program so far, by all threads.
std::size_t allocations();

}  // namespace pith::test
