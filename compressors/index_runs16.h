// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <pith/compressors/index_coder.h>

namespace pith {

/// In the place of a number: so many dropped elements.
inline constexpr std::uint16_t kRunEscape = 0xffff;

/// index=runs16: gaps (see gaps.h) in 16 bits. 0xffff stands for 65,535 dropped elements with no
/// kept one behind them.
///
/// Wire     u16 per index, and one more for every 65,535 elements of a gap
/// Throws   read: WireError for a wrong length and indices outside.
/// Source   run lengths as in Lin et al. 2018, "Deep Gradient Compression", arXiv:1712.01887; they
///          do not say what becomes of longer ones.
const IndexCoder& runs16_indices();

}  // namespace pith
