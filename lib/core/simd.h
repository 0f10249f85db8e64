// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

// Kernels are compiled for several instruction sets, and the best one that the machine has is taken
// at run time. All give the same bits, so that nothing but time depends on it.
namespace pith {

/// An instruction set that kernels were compiled for and this machine has.
struct SimdTarget {
  std::int64_t id = 0;
  std::string name;  ///< as Highway calls it: AVX3, AVX2, SSE4, NEON, EMU128, ...
};

/// The best one first.
std::vector<SimdTarget> simd_targets();

/// While it lives, kernels of the whole process run on `target`: for tests and measurements.
class SimdTargetGuard {
 public:
  explicit SimdTargetGuard(const SimdTarget& target);
  ~SimdTargetGuard();
  SimdTargetGuard(const SimdTargetGuard&) = delete;
  SimdTargetGuard& operator=(const SimdTargetGuard&) = delete;
};

}  // namespace pith
