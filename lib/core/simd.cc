// SPDX-License-Identifier: Apache-2.0
#include <hwy/highway.h>

#include <pith/core/simd.h>

namespace pith {

std::vector<SimdTarget> simd_targets() {
  std::vector<SimdTarget> targets;
  for (const std::int64_t id : hwy::SupportedAndGeneratedTargets()) {
    targets.push_back({id, hwy::TargetName(id)});
  }
  return targets;
}

SimdTargetGuard::SimdTargetGuard(const SimdTarget& target) {
  hwy::SetSupportedTargetsForTest(target.id);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

SimdTargetGuard::~SimdTargetGuard() {
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

}  // namespace pith
