// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pith::bench {

inline constexpr int kFine = 0;
inline constexpr int kWrongValues = 1;  ///< or it failed
inline constexpr int kUnderFloor = 2;
inline constexpr int kUsage = 64;

}  // namespace pith::bench
