// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace pith::test {

/// Calls of operator new so far, in all threads of this program. A program that calls this has its
/// global operator new replaced.
std::size_t allocations();

/// Bytes asked of operator new so far, given back or not.
std::size_t allocated_bytes();

}  // namespace pith::test
