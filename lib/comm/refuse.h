// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

namespace pith {

/// Throws UsageError: "all_gather on rank 1: " and the reason.
[[noreturn]] void refuse(const char* operation, int rank, const std::string& reason);

/// Refuses, "7 elements of out, 8 expected", unless the numbers are the same.
void expect(const char* operation, int rank, const char* what, std::size_t given,
            std::size_t needed);

bool overlap(const void* a, std::size_t a_bytes, const void* b, std::size_t b_bytes);

/// Whether two spans have a byte in common, on the host or on a device.
template <class A, class B>
bool overlap(const A& a, const B& b) {
  return overlap(a.data(), a.size_bytes(), b.data(), b.size_bytes());
}

}  // namespace pith
