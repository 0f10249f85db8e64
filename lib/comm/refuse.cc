// SPDX-License-Identifier: Apache-2.0
#include <functional>

#include <pith/comm/refuse.h>
#include <pith/core/error.h>

namespace pith {

void refuse(const char* operation, int rank, const std::string& reason) {
  throw UsageError(std::string(operation) + " on rank " + std::to_string(rank) + ": " + reason);
}

void expect(const char* operation, int rank, const char* what, std::size_t given,
            std::size_t needed) {
  if (given == needed) return;
  refuse(operation, rank,
         std::to_string(given) + " " + what + ", " + std::to_string(needed) + " expected");
}

bool overlap(const void* a, std::size_t a_bytes, const void* b, std::size_t b_bytes) {
  const std::less<const std::byte*> before;
  const auto* const first = static_cast<const std::byte*>(a);
  const auto* const other = static_cast<const std::byte*>(b);
  return a_bytes > 0 && b_bytes > 0 && before(first, other + b_bytes) &&
         before(other, first + a_bytes);
}

}  // namespace pith
