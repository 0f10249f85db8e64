// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace program {

inline constexpr int kFine = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 64;

}  // namespace program
